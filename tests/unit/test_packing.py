from __future__ import annotations

import gzip
import random
import sys
from pathlib import Path

import brotli
import pytest

from builder.cli.packing import packed


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """One that shrinks, one that does not, one that is empty."""
    noise = random.Random(1).randbytes(1_500_000)
    contents = {"text": b"weights " * 300_000, "noise": noise, "empty": b""}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in contents]


def test_sizes_are_those_of_each_file_compressed_by_itself(files: list[Path]) -> None:
    found = packed(files)
    contents = [path.read_bytes() for path in files]
    assert found.raw == sum(map(len, contents)) == 3_900_000
    # The command line's gzip also stores nothing but the content: the same header and trailer.
    assert found.gzip == sum(len(gzip.compress(data, 6, mtime=0)) for data in contents)
    assert found.brotli is not None
    assert found.brotli == pytest.approx(sum(len(brotli.compress(data, quality=5)) for data in contents), rel=0.001)


def test_without_the_package_there_is_no_figure(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    assert packed(files).brotli is None
