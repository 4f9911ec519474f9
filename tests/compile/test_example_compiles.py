"""The script that `generate` prints compiles without a warning, in the Editor and in players."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.render.example import example
from tests.compile import toolchain
from tests.compile.conftest import LABELS, Assemblies

pytestmark = pytest.mark.mono


@pytest.mark.parametrize("defines", toolchain.DEFINES)
def test_printed_script_compiles(defines: str, assemblies: Assemblies, tmp_path: Path) -> None:
    script = tmp_path / "HandSignsExample.cs"
    script.write_text(example(toolchain.spec_of("HandSigns", LABELS)), "utf-8")
    references = assemblies.references(defines)
    compiled = toolchain.compile_cs(tmp_path / "Example.dll", [script], references=references)
    assert compiled.is_file()
