"""Real detectors, from package to verdict: `make test-real`. Expectations: detections.json, see detectors.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.player.build import link, pack
from tests.real.detectors import DETECTORS, EXPECTED, THRESHOLD, model
from tests.real.models import Shown, photos
from tests.verifying import save, verify

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.player]

WANTED: dict[str, dict[str, list[dict[str, Any]]]] = json.loads(EXPECTED.read_text("utf-8"))


@pytest.fixture(scope="session")
def pictures() -> dict[str, Shown]:
    return photos()


@pytest.fixture(scope="session", params=DETECTORS)
def built(request: pytest.FixtureRequest, pictures: dict[str, Shown], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A player with the model."""
    name: str = request.param
    work = tmp_path_factory.mktemp(name)
    tree = generate(name, work)
    (contract,) = tree.glob("Assets/StreamingAssets/tfjs-bridge/*/contract.json")
    picture = pictures["face"]
    return pack(link(tree), tree, work / "build", model=contract.parent.name, picture=picture, size=(320, 200))


def generate(name: str, work: Path) -> Path:
    """The plug-in tree, by the command itself."""
    (work / "labels.txt").write_text("\n".join(DETECTORS[name].labels), "utf-8")
    words = [str(model(DETECTORS[name])), "--name", name, "--labels", str(work / "labels.txt")]
    words += ["--out", str(work / "tree"), *DETECTORS[name].flags]
    subprocess.run([sys.executable, "-m", "builder", "generate", *words], check=True)
    return work / "tree"


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
def test_a_real_detector_finds_what_numpy_finds(
    built: Path, pictures: dict[str, Shown], request: pytest.FixtureRequest, tmp_path: Path, backend: str
) -> None:
    name: str = request.node.callspec.params["built"]
    for photo, picture in pictures.items():
        save(picture, tmp_path / f"{photo}.png")
    cases = [
        {"image": f"{photo}.png", "expect": {"boxes": boxes, "threshold": THRESHOLD}}
        for photo, boxes in WANTED[name].items()
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    arguments = ("--backend", backend, "--timeout", "300", "--report", str(tmp_path / "report.html"))
    outcome = verify(built, tmp_path / "cases.json", *arguments)
    assert outcome.code == 0, outcome.out + outcome.err
