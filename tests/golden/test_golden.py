"""The rendered trees against those under `tests/golden`, both ways; `make golden` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.cases import CASES, GOLDEN, Case, golden_files


def kept(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder)
def test_rendered_tree_is_the_golden_one(case: Case, tmp_path: Path) -> None:
    rendered, golden = dict(golden_files(case, tmp_path)), kept(GOLDEN / case.folder)
    assert sorted(rendered) == sorted(golden)
    different = [path for path in rendered if rendered[path] != golden[path]]
    for path in different[:1]:  # pytest shows the difference of the first
        assert rendered[path].decode() == golden[path].decode(), path
    assert different == []
