"""The script that `generate` prints compiles without a warning, in the Editor and in players."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.names import CsIdentifier
from builder.render.example import example
from tests.compile import toolchain
from tests.compile.conftest import LABELS, THINGS, Assemblies

pytestmark = pytest.mark.mono


EXAMPLES = Path(__file__).parents[2] / "examples"
SPECS = {spec.name: spec for spec in (toolchain.spec_of("HandSigns", LABELS), *toolchain.pixel_specs())}


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("defines", toolchain.DEFINES)
def test_printed_script_compiles(defines: str, name: str, assemblies: Assemblies, tmp_path: Path) -> None:
    script = tmp_path / f"{name}Example.cs"
    script.write_text(example(SPECS[CsIdentifier(name)]), "utf-8")
    references = assemblies.references(defines)
    compiled = toolchain.compile_cs(tmp_path / "Example.dll", [script], references=references)
    assert compiled.is_file()


def test_printed_script_of_a_detector_compiles(assemblies: Assemblies, tmp_path: Path) -> None:
    script = tmp_path / "ThingsExample.cs"
    script.write_text(example(toolchain.detector_of("Things", THINGS, limit=3)), "utf-8")
    references = assemblies.references("webgl")
    assert toolchain.compile_cs(tmp_path / "Example.dll", [script], references=references).is_file()


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*/*.cs")), ids=lambda path: path.stem)
def test_a_script_of_the_examples_compiles(script: Path, assemblies: Assemblies, tmp_path: Path) -> None:
    references = assemblies.references("webgl")
    assert toolchain.compile_cs(tmp_path / "Example.dll", [script], references=references).is_file()


def test_the_examples_have_scripts() -> None:
    assert {path.stem for path in EXAMPLES.glob("*/*.cs")} >= {"PeopleMask", "StyledPeople", "ThingMarks"}


@pytest.mark.parametrize("name", ["WebCamTexture", "Color32", "Time"])
def test_printed_script_compiles_where_unity_has_a_type_of_that_name(
    name: str, assemblies: Assemblies, tmp_path: Path
) -> None:
    wrapper = toolchain.render_wrapper(toolchain.spec_of(name, LABELS), tmp_path)
    model = toolchain.compile_cs(tmp_path / "Model.dll", [wrapper], references=assemblies.references("webgl")[:2])
    (script := tmp_path / "Example.cs").write_text(example(toolchain.spec_of(name, LABELS)), "utf-8")
    references = [*assemblies.references("webgl")[:2], model]
    assert toolchain.compile_cs(tmp_path / "Example.dll", [script], references=references).is_file()
