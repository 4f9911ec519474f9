"""What the tool says about its documentation is true."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_document_that_the_code_names_is_there() -> None:
    named = {
        name
        for path in (ROOT / "builder").rglob("*.py")
        for name in re.findall(r"docs/[\w./-]+\.\w+", path.read_text("utf-8"))
    }
    assert {"docs/installed.md", "docs/errors.md"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8")):
            assert target.startswith("https://") or (document.parent / target).exists(), (document.name, target)
