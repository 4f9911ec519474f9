"""The C# package at work on Mono: every scenario is a player of its own, with a fake bridge behind `__Internal`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.compile import toolchain
from tests.compile.conftest import Assemblies

pytestmark = pytest.mark.mono

SCENARIOS, ELSEWHERE = toolchain.HERE / "scenarios", toolchain.HERE / "elsewhere"


def scenarios_in(folder: Path) -> list[str]:
    """`Class.Method` of every scenario: the public methods of public classes."""
    found = []
    for file in sorted(folder.glob("*.cs")):
        text = file.read_text("utf-8")
        for name in re.findall(r"^public static class (\w+)", text, re.MULTILINE):
            found += [f"{name}.{m}" for m in re.findall(r"^    public static void (\w+)\(\)", text, re.MULTILINE)]
    return found


def program(assemblies: Assemblies, defines: str, sources: list[Path]) -> Path:
    references = assemblies.references(defines)
    output = references[1].parent / "Scenarios.exe"
    return toolchain.compile_cs(output, sources, references=references)


@pytest.fixture(scope="session")
def in_player(assemblies: Assemblies) -> Path:
    return program(assemblies, "webgl", sorted(SCENARIOS.glob("*.cs")))


@pytest.fixture(scope="session")
def in_editor(assemblies: Assemblies) -> Path:
    helpers = [SCENARIOS / "Program.cs", SCENARIOS / "Check.cs"]
    return program(assemblies, "editor", [*helpers, *sorted(ELSEWHERE.glob("*.cs"))])


def test_scenarios_are_found() -> None:
    assert "Loading.TakesSeveralFrames" in scenarios_in(SCENARIOS)
    assert "Elsewhere.AwaitingThrows" in scenarios_in(ELSEWHERE)


@pytest.fixture(scope="session")
def blending(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures and a mask with every pair of levels, and what Pillow makes of them."""
    folder = tmp_path_factory.mktemp("blending")
    random = np.random.default_rng(3)
    below, above = random.integers(0, 256, (2, 256, 256, 4)).astype(np.uint8)
    mask = np.tile(np.arange(256, dtype=np.uint8)[:, None], 256)
    below[..., 0], above[..., 0] = np.arange(256)[None], 255 - np.arange(256)[None]
    pictures = [Image.fromarray(one, "RGBA") for one in (above, below)]
    expected = Image.composite(pictures[0], pictures[1], Image.fromarray(mask))
    for name, pixels in {"below": below, "above": above, "mask": mask, "expected": expected}.items():
        (folder / name).write_bytes(np.asarray(pixels).tobytes())
    return folder


@pytest.mark.parametrize("scenario", scenarios_in(SCENARIOS))
def test_in_a_webgl_player(scenario: str, in_player: Path, fake_bridge: Path, blending: Path) -> None:
    print(toolchain.run_mono(in_player, scenario, preload=fake_bridge, settings={"BLENDING": str(blending)}))


@pytest.mark.parametrize("scenario", scenarios_in(ELSEWHERE))
def test_outside_webgl_players(scenario: str, in_editor: Path) -> None:
    print(toolchain.run_mono(in_editor, scenario))
