"""Writes the golden trees anew: `python -m tests.golden.regenerate`. Read the diff before you commit it."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.golden.cases import CASES, GOLDEN, Case, golden_files


def regenerate(case: Case) -> None:
    """Replaces the folder of one case."""
    shutil.rmtree(GOLDEN / case.folder, ignore_errors=True)
    with TemporaryDirectory() as scratch:
        for path, content in golden_files(case, Path(scratch)):
            target = GOLDEN / case.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def main() -> None:
    for case in CASES:
        regenerate(case)


if __name__ == "__main__":
    main()
