"""Weight shards: safe paths, presence, lengths, SHA-256."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from builder.errors import (
    MISSING_SHARD,
    NOT_A_MODEL,
    SHARD_LENGTH,
    UNREADABLE_FILE,
    UNSAFE_PATH,
    Problem,
    fail,
    problem,
)
from builder.inputs.facts import ShardFacts
from builder.inputs.jsonfile import json_where, printable
from builder.inputs.schema import Group, Weight
from builder.spec import FileRef

_CHUNK = 1 << 20
# `struct` codes of the types in which numbers are stored.
_CODES = {"float32": "f", "int32": "i", "uint8": "B", "uint16": "H", "float16": "e"}


def file_ref(folder: Path, path: str) -> FileRef:
    """The file `folder/path` with its length and SHA-256, read in pieces."""
    digest, length = hashlib.sha256(), 0
    try:
        with (folder / path).open("rb") as file:
            while piece := file.read(_CHUNK):
                digest.update(piece)
                length += len(piece)
    except OSError as error:
        raise fail(UNREADABLE_FILE, folder / path, reason=error.strerror or "unknown error") from None
    return FileRef(path=path, bytes=length, sha256=digest.hexdigest())


def examine_shards(folder: Path, json_path: Path, groups: list[Group]) -> tuple[list[ShardFacts], list[Problem]]:
    """What lies on the disk for each shard, in order, and everything that is wrong with it."""
    states: list[ShardFacts] = []
    problems = list(_repeated(json_path, groups))
    for number, group in enumerate(groups):
        found, wrong = _examine_group(folder, json_path, number, group)
        states += found
        problems += wrong
    return states, problems


def _examine_group(folder: Path, json_path: Path, number: int, group: Group) -> tuple[list[ShardFacts], list[Problem]]:
    states, problems = [], []
    for i, path in enumerate(group.paths):
        where = json_where(json_path, ("weightsManifest", number, "paths", i))
        length, wrong = _examine_shard(folder, path, where)
        states.append(ShardFacts(path=path, bytes=length))
        problems += wrong
    actual = sum(state.bytes or 0 for state in states)
    expected = sum(weight.stored_bytes for weight in group.weights)
    exact = all(weight.dtype != "string" for weight in group.weights)
    if not problems and exact and actual != expected:
        where = json_where(json_path, ("weightsManifest", number))
        problems.append(problem(SHARD_LENGTH, where, actual=f"{actual:,}", expected=f"{expected:,}"))
    return states, problems


def _examine_shard(folder: Path, path: str, where: str) -> tuple[int | None, list[Problem]]:
    if not is_plain_relative(path) or not _stays_inside(folder, path):
        return None, [problem(UNSAFE_PATH, where, path=repr(printable(path)))]
    try:
        if not (folder / path).is_file():
            return None, [problem(MISSING_SHARD, where, path=path)]
        return (folder / path).stat().st_size, []
    except OSError:  # a name that this file system cannot hold
        return None, [problem(MISSING_SHARD, where, path=path)]


def read_weight(folder: Path, groups: list[Group], name: str) -> tuple[float, ...] | None:
    """The values of a small numeric weight as TensorFlow.js will see them; the shards are known to be intact."""
    for group in groups:
        offset = 0
        for weight in group.weights:
            if weight.name == name:
                data = _bytes_at(folder, group.paths, offset, weight.stored_bytes)
                return _numbers(weight, data)
            offset += weight.stored_bytes
    return None


def _bytes_at(folder: Path, paths: list[str], offset: int, length: int) -> bytes:
    """`length` bytes of the joined shards."""
    data = b""
    for path in paths:
        size = (folder / path).stat().st_size
        if offset < size and len(data) < length:
            with (folder / path).open("rb") as file:
                file.seek(offset)
                data += file.read(length - len(data))
        offset = max(0, offset - size)
    return data


def _numbers(weight: Weight, data: bytes) -> tuple[float, ...] | None:
    code = _CODES.get(weight.stored_as)
    if code is None or len(data) != weight.stored_bytes:
        return None
    stored = struct.unpack(f"<{weight.elements}{code}", data)
    packed = weight.quantization
    if packed is None or packed.scale is None or packed.min is None:
        return tuple(map(float, stored))
    return tuple(value * packed.scale + packed.min for value in stored)


def is_plain_relative(path: str) -> bool:
    """True for a path like `weights/a.bin`: no root, drive, URL, backslash, control character, `.` or `..`."""
    if not path or not path.isprintable() or re.search(r"[\\:*?\"<>|#%]", path):
        return False
    parts = path.split("/")
    return not any(part in ("", ".", "..") for part in parts)


def _stays_inside(folder: Path, path: str) -> bool:
    """False for a symbolic link that leads out of the folder, and for a ring of links."""
    try:
        return (folder / path).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def _repeated(json_path: Path, groups: list[Group]) -> Iterator[Problem]:
    """Shards that would land on one file: named twice, or like a file that is written beside them."""
    taken = {"contract.json", json_path.name.casefold()}
    for number, group in enumerate(groups):
        for i, path in enumerate(group.paths):
            name = str(PurePosixPath(path)).casefold()
            if name in taken or name.endswith(".meta"):
                reason = f"the shard's name {printable(path)!r} is taken"
                yield problem(
                    NOT_A_MODEL, json_where(json_path, ("weightsManifest", number, "paths", i)), reason=reason
                )
            taken.add(name)
