from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.compile import toolchain

LABELS = ("zero", "one", "seven!")
THINGS = ("cat", "traffic light")


@dataclass(frozen=True)
class Assemblies:
    """The stand-in for UnityEngine, and the package and one model's class for each define set."""

    unity: Path
    runtime: dict[str, Path]
    models: dict[str, Path]

    def references(self, defines: str) -> list[Path]:
        return [self.unity, self.runtime[defines], self.models[defines]]


def _compiled(folder: Path, unity: Path, sources: list[Path], wrappers: list[Path], defines: str) -> tuple[Path, Path]:
    # One folder per define set, since an assembly is found by its name beside the program.
    target = folder / defines
    target.mkdir()
    (target / unity.name).write_bytes(unity.read_bytes())
    symbols = toolchain.DEFINES[defines]
    runtime = toolchain.compile_cs(target / "TfjsBridge.dll", sources, references=[unity], defines=symbols)
    references = [unity, runtime]
    return runtime, toolchain.compile_cs(
        target / "TfjsBridge.Models.dll", wrappers, references=references, defines=symbols
    )


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Assemblies:
    folder = tmp_path_factory.mktemp("csharp")
    (rendered := folder / "rendered").mkdir()
    unity = toolchain.compile_unity(folder)
    sources = toolchain.render_runtime(rendered)
    things = toolchain.detector_of("Things", THINGS, limit=3)
    specs = (toolchain.spec_of("HandSigns", LABELS), things, toolchain.numbers_of("Numbers"), *toolchain.pixel_specs())
    wrappers = [toolchain.render_wrapper(spec, rendered) for spec in specs]
    built = {defines: _compiled(folder, unity, sources, wrappers, defines) for defines in toolchain.DEFINES}
    return Assemblies(unity, {k: v[0] for k, v in built.items()}, {k: v[1] for k, v in built.items()})


@pytest.fixture(scope="session")
def fake_bridge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toolchain.compile_fake(tmp_path_factory.mktemp("fake"))
