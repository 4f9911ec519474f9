"""A model in memory ↔ a TensorFlow.js model folder: model.json and `group1-shard1ofN.bin`, of one manifest group."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from builder.convert.model import ConvertedModel
from builder.convert.quantize import NONE, Affine, Quantization, Stored, dequantized, stored
from builder.convert.staging import staged
from builder.errors import BAD_WEIGHT, FOREIGN_FOLDER, NOT_A_MODEL, UNREADABLE_FILE, Problem, UserError, fail, problem

MODEL_JSON = "model.json"
SHARD_BYTES = 4 * 1024 * 1024  # browsers cache files of this size well, and TensorFlow.js' own converter uses it
METADATA = "userDefinedMetadata"
MARK = "tfjsForUnity"
MARK_VERSION = 1
NO_WEIGHTS: Mapping[str, Stored] = MappingProxyType({})
_DTYPES = ("float32", "int32", "bool", "complex64")
_SHOWN = 6
_MAX_JSON_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes of a written folder: its model.json, its shards, and what the shards would take unquantized.

    `kept` says which weights stayed float32 although they should have been quantized, and why.
    """

    topology: int
    weights: int
    unquantized: int
    shards: int
    kept: Mapping[str, str]


def write_folder(
    model: ConvertedModel,
    folder: Path,
    *,
    quantization: Quantization = NONE,
    ready: Mapping[str, Stored] = NO_WEIGHTS,
    shard_bytes: int = SHARD_BYTES,
) -> Sizes:
    """Writes the model as TensorFlow.js reads it, and replaces what an earlier run wrote there.

    `ready` are weights of the model, by name, that are to be stored just so, whatever `quantization` says.
    The same model gives the same bytes. Raises FOREIGN_FOLDER where `folder` holds anything that this function did not
    write, BAD_WEIGHT for weights with NaN, FOLDER_NOT_WRITTEN where the system refuses; nothing is changed then.
    """
    assert shard_bytes > 0
    refuse_foreign(folder)
    weights, kept = _stored(model.weights, quantization)
    weights |= ready
    total = sum(weight.nbytes for weight in weights.values())
    names = shard_names(total, shard_bytes)
    text = _text(model.document, weights, names)
    with staged(folder) as place:
        (place / MODEL_JSON).write_bytes(text)
        pieces = chain.from_iterable(weight.pieces() for weight in weights.values())
        _write_shards([place / name for name in names], pieces, shard_bytes)
    return Sizes(
        topology=len(text),
        weights=total,
        unquantized=sum(weight.nbytes for weight in model.weights.values()),
        shards=len(names),
        kept=kept,
    )


def shard_names(total: int, shard_bytes: int) -> list[str]:
    """At least one: TensorFlow.js reads no weights, not even none, from a group without files."""
    count = max(1, -(-total // shard_bytes))
    return [f"group1-shard{i + 1}of{count}.bin" for i in range(count)]


def _stored(
    weights: Mapping[str, NDArray[Any]], quantization: Quantization
) -> tuple[dict[str, Stored], dict[str, str]]:
    found: dict[str, Stored] = {}
    kept: dict[str, str] = {}
    problems: list[Problem] = []
    for name, values in weights.items():
        assert str(values.dtype) in _DTYPES, f"{name} is of {values.dtype}"
        if values.dtype.kind == "f" and np.isnan(values.min(initial=0)):
            problems.append(problem(BAD_WEIGHT, name, name=repr(name), reason="it holds NaN, which is no number"))
            continue
        kind = quantization.kind(name, values.shape) if values.dtype == np.float32 else "none"
        try:
            found[name] = stored(values, kind, quantization.scales_of(name))
        except ValueError as reason:
            found[name], kept[name] = stored(values, "none"), str(reason)
    if problems:
        raise UserError(problems)
    return found, kept


def _text(document: Mapping[str, Any], weights: Mapping[str, Stored], names: Sequence[str]) -> bytes:
    manifest = [{"paths": list(names), "weights": [_entry(name, weight) for name, weight in weights.items()]}]
    metadata = document.get(METADATA) or {}
    mark = {"version": MARK_VERSION} | (metadata.get(MARK) or {})
    whole = {**document, METADATA: {**metadata, MARK: mark}, "weightsManifest": manifest}
    try:
        return json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:  # JSON.parse takes 1e999, but nobody can write it back
        raise fail(NOT_A_MODEL, MODEL_JSON, reason="it holds a number that is too large for any computer") from None
    except RecursionError:
        raise fail(NOT_A_MODEL, MODEL_JSON, reason="it is nested too deeply") from None


def _entry(name: str, weight: Stored) -> dict[str, Any]:
    entry = {"name": name, "shape": list(weight.values.shape), "dtype": str(weight.values.dtype)}
    return entry | ({"quantization": weight.record} if weight.record else {})


def _write_shards(paths: Sequence[Path], pieces: Iterable[memoryview], shard_bytes: int) -> None:
    waiting = iter(pieces)
    rest = memoryview(b"")
    for path in paths:
        with path.open("wb") as file:
            rest = _fill(file, chain([rest], waiting), shard_bytes)
    assert not rest


def _fill(file: BinaryIO, pieces: Iterator[memoryview], room: int) -> memoryview:
    """Writes up to `room` bytes; gives what is left of the last piece."""
    for piece in pieces:
        file.write(piece[:room])
        if len(piece) > room:
            return piece[room:]
        room -= len(piece)
    return memoryview(b"")


def refuse_foreign(folder: Path) -> None:
    """Raises FOREIGN_FOLDER unless `folder` is missing, empty, or holds what `write_folder` wrote and nothing else."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise fail(FOREIGN_FOLDER, folder, files="it is a file or a link")
    found = {path.name for path in folder.iterdir()}
    foreign = sorted(found - _own_files(folder))
    if foreign:
        more = f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
        raise fail(FOREIGN_FOLDER, folder, files=f"{', '.join(map(repr, foreign[:_SHOWN]))}{more}")


def _own_files(folder: Path) -> set[str]:
    """model.json, if it bears the mark, and the shards that it names."""
    path = folder / MODEL_JSON
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_JSON_BYTES:
            return set()
        document = json.loads(path.read_bytes())
        marked = isinstance(document[METADATA][MARK], dict)
        shards = {str(name) for group in document["weightsManifest"] for name in group["paths"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return set()
    return {MODEL_JSON, *shards} if marked else set()


def read_folder(document: Mapping[str, Any], shards: Sequence[Path]) -> ConvertedModel:
    """The model of a folder, weights as TensorFlow.js sees them: float32 where they were quantized.

    `document` is model.json and `shards` are its files in order, both checked before: dtypes are known, paths stay in
    the folder, lengths fit. Raises BAD_WEIGHT where TensorFlow.js, too, would refuse a weight.
    """
    entries = [entry for group in document["weightsManifest"] for entry in group["weights"]]
    try:
        with closing(_Joined(shards)) as stream:
            weights = {entry["name"]: _read_weight(entry, stream) for entry in entries}
    except OSError as error:
        raise fail(UNREADABLE_FILE, error.filename or "", reason=error.strerror or str(error)) from None
    return ConvertedModel({key: value for key, value in document.items() if key != "weightsManifest"}, weights)


class _Joined:
    """The bytes of several files, one after the other."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = iter(paths)
        self._file: BinaryIO | None = None

    def fill(self, buffer: memoryview) -> None:
        """Reads exactly as many bytes as the buffer holds."""
        while buffer:
            got = self._file.readinto(buffer) if self._file else 0  # type: ignore[attr-defined]
            if not got:
                self._next()
            buffer = buffer[got:]

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _next(self) -> None:
        self.close()
        try:
            self._file = next(self._paths).open("rb")
        except StopIteration:
            msg = "the shards became shorter while they were read"
            raise OSError(msg) from None


def _read_weight(entry: Mapping[str, Any], stream: _Joined) -> NDArray[Any]:
    record = entry.get("quantization")
    dtype = np.dtype(record["dtype"] if record else entry["dtype"])
    values = _empty(entry, dtype.newbyteorder("<"))
    stream.fill(values.reshape(-1).view(np.uint8).data)
    if record is None:
        return values.astype(dtype, copy=False)
    if reason := _refusal(entry["dtype"], record["dtype"]):
        raise fail(BAD_WEIGHT, entry["name"], name=repr(entry["name"]), reason=reason)
    return _dequantized(values, record, entry["dtype"])


def _empty(entry: Mapping[str, Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        return np.empty(entry["shape"], dtype)
    except ValueError:  # more axes, or longer ones beside an empty one, than numpy has
        reason = f"it has {len(entry['shape'])} axes of sizes that no array has"
        raise fail(BAD_WEIGHT, entry["name"], name=repr(entry["name"]), reason=reason) from None


def _refusal(dtype: str, stored_as: str) -> str | None:
    """TensorFlow.js stores floats in three ways and int32 in two of them."""
    if dtype == "float32" or (dtype == "int32" and stored_as != "float16"):
        return None
    return f"it is of {dtype} and stored as {stored_as}, which TensorFlow.js does not read"


def _dequantized(values: NDArray[Any], record: Mapping[str, Any], dtype: str) -> NDArray[Any]:
    if record["dtype"] == "float16":
        return values.astype(np.float32)
    affine = Affine(record["scale"], record["min"], 0)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite then is looked for later
        if dtype == "int32":  # JavaScript rounds halves up
            return np.floor(values * np.float64(affine.scale) + affine.min + 0.5).astype(np.int32)
        return dequantized(values, affine)
