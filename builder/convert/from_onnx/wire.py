"""An ONNX file without its weights: protobuf would hold them twice over.

Only as much of protobuf's wire format is read here as tells where the bytes of large initializers lie; all else is
copied and left to protobuf.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_LARGE = 4096
_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


class Malformed(Exception):
    """Not protobuf."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where bytes lie in the file."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    wire: int
    begin: int
    content: Span


def without_weights(file: BinaryIO, size: int) -> tuple[bytes, list[Span | None]]:
    """The file without the raw data of large initializers, and for each initializer where they lie, None if kept."""
    spans: list[Span | None] = []
    model = bytearray()
    for field in _fields(file, Span(0, size)):
        if (field.number, field.wire) == (_GRAPH, _BYTES):
            _append(model, _GRAPH, _graph(file, field.content, spans))
        else:
            model += _read(file, field)
    return bytes(model), spans


def _graph(file: BinaryIO, span: Span, spans: list[Span | None]) -> bytes:
    graph = bytearray()
    for field in _fields(file, span):
        if (field.number, field.wire) == (_INITIALIZER, _BYTES):
            tensor, data = _tensor(file, field.content)
            _append(graph, _INITIALIZER, tensor)
            spans.append(data)
        else:
            graph += _read(file, field)
    return bytes(graph)


def _tensor(file: BinaryIO, span: Span) -> tuple[bytes, Span | None]:
    tensor, data = bytearray(), None
    for field in _fields(file, span):
        if field.number != _RAW_DATA or field.content.length <= _LARGE:
            tensor += _read(file, field)
        if field.number == _RAW_DATA:  # of several, the last one counts
            data = field.content if field.content.length > _LARGE else None
    return bytes(tensor), data


def _fields(file: BinaryIO, span: Span) -> Iterator[_Field]:
    place, end = span.start, span.start + span.length
    while place < end:
        file.seek(place)
        head = file.read(min(20, end - place))
        tag, used = _varint(head, 0)
        length, start = _length(head, tag & 7, used)
        if place + start + length > end:
            raise Malformed
        yield _Field(tag >> 3, tag & 7, place, Span(place + start, length))
        place += start + length


def _length(head: bytes, wire: int, used: int) -> tuple[int, int]:
    """How long a field's content is, and where it starts."""
    if wire == _BYTES:
        return _varint(head, used)
    if wire == _VARINT:
        return _varint(head, used)[1] - used, used
    if wire in (_EIGHT, _FOUR):
        return 8 if wire == _EIGHT else 4, used
    raise Malformed


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(data[place : place + 10]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, place + shift + 1
    raise Malformed


def _read(file: BinaryIO, field: _Field) -> bytes:
    file.seek(field.begin)
    return file.read(field.content.start + field.content.length - field.begin)


def _append(target: bytearray, number: int, content: bytes) -> None:
    target.append(number << 3 | _BYTES)
    length = len(content)
    while length > 127:
        target.append(length & 127 | 128)
        length >>= 7
    target.append(length)
    target += content
