"""Every C# block of the documentation is a whole script that compiles without a warning, for every define set."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.compile import toolchain
from tests.compile.conftest import Assemblies

pytestmark = pytest.mark.mono

ROOT = toolchain.HERE.parents[1]
PAGES = ("README.md", "docs/unity.md", "docs/camera.md", "docs/detection.md")
# Unity does not warn of serialized fields that no code assigns.
UNASSIGNED_FIELD = 649


def blocks(page: str) -> list[str]:
    return re.findall(r"^```csharp\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def lowered(script: str) -> str:
    """`var (label, score) = x;` as calls: Mono's compiler knows no deconstruction, nor `out var` after `await`."""
    return re.sub(
        r"var \((\w+), (\w+)\) = (.+);",
        r"var pair = \3; var \1 = pair.Label; var \2 = pair.Score; pair.Deconstruct(out \1, out \2);",
        script,
    )


def test_blocks_are_found() -> None:
    assert len(blocks("README.md")) >= 1
    assert len(blocks("docs/unity.md")) >= 4
    assert len(blocks("docs/camera.md")) >= 1


@pytest.mark.parametrize("defines", toolchain.DEFINES)
def test_scripts_of_the_documentation_compile(defines: str, assemblies: Assemblies, tmp_path: Path) -> None:
    scripts = []
    for number, block in enumerate(block for page in PAGES for block in blocks(page)):
        assert "class " in block
        scripts.append(tmp_path / f"Block{number}.cs")
        scripts[-1].write_text(lowered(block), "utf-8")
    references = assemblies.references(defines)
    ignored = (UNASSIGNED_FIELD,)
    compiled = toolchain.compile_cs(tmp_path / "Documentation.dll", scripts, references=references, ignored=ignored)
    assert compiled.is_file()
