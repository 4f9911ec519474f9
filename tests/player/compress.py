"""Compresses a build's files as Unity does: with its remark inside, by which Unity's own loader knows them."""

from __future__ import annotations

import gzip
from typing import Literal

import brotli

Compression = Literal["gzip", "brotli"]

_FLUSHED_HEAD = b"\x6b\x00"  # RFC 7932: window of 2^22 (1011), then a metadata block of no bytes
_GZIP_COMMENT = 0x10  # RFC 1952: FLG.FCOMMENT


def remark(compression: Compression) -> bytes:
    """What Unity writes into the head of each file."""
    return f"UnityWeb Compressed Content ({compression})".encode()


def compressed(content: bytes, compression: Compression) -> bytes:
    """`content` as Unity publishes it."""
    return _gzip(content) if compression == "gzip" else _brotli(content)


def _gzip(content: bytes) -> bytes:
    plain = gzip.compress(content, mtime=0)
    return plain[:3] + bytes([_GZIP_COMMENT]) + plain[4:10] + remark("gzip") + b"\0" + plain[10:]


def _brotli(content: bytes) -> bytes:
    stream = brotli.Compressor(lgwin=22, quality=5)
    # Flushed before the first byte it begins with an empty metadata block, which ends on a byte: the remark's place.
    assert stream.flush() == _FLUSHED_HEAD
    text = remark("brotli")
    # RFC 7932, 9.2, from the lowest bit: window (4 bits), not the last (0), metadata (11), reserved (0), the length
    # less one has one byte (10, read as 01), that length.
    head = 0b1011 | (0b110 << 4) | (1 << 8) | ((len(text) - 1) << 10)
    rest: bytes = stream.process(content) + stream.finish()
    return head.to_bytes(3, "little") + text + rest
