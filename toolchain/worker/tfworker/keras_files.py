"""What a Keras file holds, read without Keras: its version, its configuration, and that its weights are its own."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from tfworker.limits import MAX_BYTES, MAX_CONFIG_BYTES, check_size
from tfworker.refusal import Refused, refuse_unsafe

_WEIGHTS = "model.weights.h5"


@dataclass(frozen=True)
class KerasFile:
    """`version` as the file states it, empty where it does not; `config` as parsed JSON."""

    version: str
    config: Any


def examine(path: Path, private: Path) -> KerasFile:
    """Raises Refused or Unsafe. Unpacks what has to be looked at into the folder `private`."""
    check_size(path.stat().st_size, "the file")
    return _archive(path, private) if zipfile.is_zipfile(path) else _hdf5(path)


def _hdf5(path: Path) -> KerasFile:
    try:
        with h5py.File(path, "r") as file:
            refuse_unsafe([*_structure(file)])
            config = file.attrs.get("model_config")
            version = _text(file.attrs.get("keras_version", ""))
    except OSError as error:
        raise Refused(f"it is damaged ({str(error)[:200]})") from None
    if config is None:
        raise Refused("it holds weights alone: save the whole model")
    return KerasFile(version, _json(_text(config)))


def _text(value: Any) -> str:  # noqa: ANN401 - h5py gives bytes, text or numpy's
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _json(text: str) -> Any:  # noqa: ANN401
    check_size(len(text), "its configuration", MAX_CONFIG_BYTES)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("its configuration is not JSON") from None


def _structure(file: Any) -> Iterator[str]:  # noqa: ANN401
    """Links and data that lie in other files, and more data than the file can hold."""
    total, waiting, seen = 0, [file], set()
    while waiting:
        group = waiting.pop()
        for name in group:
            if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                yield f"its weights {name[:80]!r} lie in another file"
                continue
            item = group[name]
            if isinstance(item, h5py.Dataset):
                total += item.size * item.dtype.itemsize
                if item.external or item.is_virtual:
                    yield f"its weights {name[:80]!r} lie in another file"
            elif item.id not in seen:
                seen.add(item.id)
                waiting.append(item)
    check_size(total, "what it claims to hold", MAX_BYTES)


def _archive(path: Path, private: Path) -> KerasFile:
    try:
        with zipfile.ZipFile(path) as archive:
            check_size(sum(entry.file_size for entry in archive.infolist()), "what is packed in it")
            if any(not _is_plain(entry.filename) for entry in archive.infolist()):
                refuse_unsafe(["a path in it leads out of it"])
            version = _json(_member(archive, "metadata.json")).get("keras_version", "")
            config = _json(_member(archive, "config.json"))
            archive.extract(_WEIGHTS, private)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, AttributeError) as error:
        raise Refused(f"it is not a .keras file ({str(error)[:200]})") from None
    with h5py.File(private / _WEIGHTS, "r") as file:
        refuse_unsafe([*_structure(file)])
    # Loaded without compiling: what the model was trained with is not looked at.
    return KerasFile(str(version), {**config, "compile_config": None})


def _is_plain(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/") and "\\" not in name and ":" not in name


def _member(archive: zipfile.ZipFile, name: str) -> str:
    check_size(archive.getinfo(name).file_size, name, MAX_CONFIG_BYTES)
    return archive.read(name).decode("utf-8", "replace")
