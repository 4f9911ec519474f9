"""What kind of model a path holds, told by its content and not by its name."""

from __future__ import annotations

import json
import mmap
import zipfile
from enum import StrEnum
from pathlib import Path

from builder.errors import NOT_A_SOURCE, TOO_LARGE, UserError, fail

MAX_BYTES = 2 * 1024**3
_MAX_METADATA = 1 << 20
_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
# The first field of each protobuf message: SavedModel's schema version 1 and ONNX's IR version are numbers, and a
# GraphDef begins with its first node, which begins with its name.
_SAVED_MODEL = b"\x08\x01"
_NUMBER, _MESSAGE = 0x08, 0x0A
_ONNX_VERSIONS = range(3, 30)


class SourceKind(StrEnum):
    """The kinds of models that the TensorFlow route takes."""

    KERAS_2 = "keras-2"
    KERAS_3 = "keras-3"
    SAVED_MODEL = "saved-model"
    FROZEN_GRAPH = "frozen-graph"
    ONNX = "onnx"


def model_path(source: Path) -> Path:
    """The model itself: for saved_model.pb the folder around it."""
    return source.parent if source.name == "saved_model.pb" and source.is_file() else source


def source_kind(source: Path) -> SourceKind:
    """Looks into the file or folder. Raises NOT_A_SOURCE, or TOO_LARGE beyond 2 GiB."""
    source = model_path(source)
    try:
        return _folder_kind(source) if source.is_dir() else _file_kind(source)
    except OSError as error:
        raise fail(NOT_A_SOURCE, source, reason=error.strerror or "it cannot be read") from None


def _folder_kind(folder: Path) -> SourceKind:
    if (folder / "saved_model.pb").is_file():
        _check_size(folder, sum(path.lstat().st_size for path in folder.rglob("*")))
        return SourceKind.SAVED_MODEL
    if (folder / "saved_model.pbtxt").is_file():
        raise _not_a_source(folder, "SavedModels in text form are not read")
    raise _not_a_source(folder, "the folder holds no saved_model.pb")


def _file_kind(path: Path) -> SourceKind:
    if not path.is_file():
        raise _not_a_source(path, "there is no such file")
    _check_size(path, path.stat().st_size)
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(_HDF5):
        return _hdf5_kind(path)
    if start.startswith(_ZIP):
        return _keras_archive_kind(path)
    if len(start) < 3:
        raise _not_a_source(path, "it is empty")
    if start[0] == _NUMBER and start[1] in _ONNX_VERSIONS:
        return SourceKind.ONNX
    if start.startswith(_SAVED_MODEL):
        raise _not_a_source(path, "it is the saved_model.pb of a SavedModel without its folder")
    if start[0] == _MESSAGE:
        return SourceKind.FROZEN_GRAPH
    raise _not_a_source(path, f"it begins like none of these files ({start[:4].hex(' ')})")


def _hdf5_kind(path: Path) -> SourceKind:
    """By how the two Keras write the shape of an input. The worker reads the version itself and has the last word."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        is_keras_2 = content.find(b'"batch_input_shape"') >= 0
        return SourceKind.KERAS_3 if not is_keras_2 and content.find(b'"batch_shape"') >= 0 else SourceKind.KERAS_2


def _keras_archive_kind(path: Path) -> SourceKind:
    try:
        with zipfile.ZipFile(path) as archive:
            entry = archive.getinfo("metadata.json")
            if entry.file_size > _MAX_METADATA:
                raise _not_a_source(path, "its metadata.json is larger than that of any model")
            version = json.loads(archive.read(entry))["keras_version"]
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, NotImplementedError, RuntimeError):
        raise _not_a_source(path, "it is a ZIP, but not one that Keras wrote") from None
    return SourceKind.KERAS_2 if str(version).startswith("2.") else SourceKind.KERAS_3


def _check_size(source: Path, actual: int) -> None:
    if actual > MAX_BYTES:
        raise fail(TOO_LARGE, source, actual=actual, limit=MAX_BYTES)


def _not_a_source(source: Path, reason: str) -> UserError:
    return fail(NOT_A_SOURCE, source, reason=reason)
