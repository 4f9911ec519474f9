"""`verify` on the real thing: a linked player with the generated plug-in, the built runtime and a tiny model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.inputs.tfjs_model import read_model
from builder.render.tree import render
from builder.resolve import Options, resolve
from builder.writer import Install, Request, apply, make_plan
from tests.e2e.browsing import Site
from tests.e2e.game import Build, Tiny, picture_640x480, publish
from tests.e2e.image_reference import Pixels
from tests.models import tiny_labels, tiny_model
from tests.runtimes import whole
from tests.verifying import Outcome, save, verify

pytestmark = [pytest.mark.browser, pytest.mark.player]

SEEDS = (3, 4, 5)
TOLERANCE = {"webgl": 0.01, "wasm": 0.002}
CAMERA_TOLERANCE = 0.02
PATIENT = ("--timeout", "120")


def write_cases(folder: Path, pictures: Sequence[Pixels], entries: Sequence[dict[str, Any]]) -> Path:
    """One case per picture, the n-th with the n-th entry's keys."""
    for n, picture in enumerate(pictures):
        save(picture, folder / f"{n}.png")
    listed = [{"image": f"{n}.png", **entry} for n, entry in enumerate(entries)]
    (folder / "cases.json").write_text(json.dumps(listed))
    return folder / "cases.json"


def references(model: Tiny, pictures: Sequence[Pixels], tolerance: float) -> list[dict[str, Any]]:
    """What numpy and Pillow say the model must answer."""
    return [{"scores": model.expected(picture).tolist(), "tolerance": tolerance} for picture in pictures]


@pytest.fixture(scope="module")
def pictures() -> list[Pixels]:
    return [picture_640x480(seed) for seed in SEEDS]


@pytest.fixture
def copy(small: Build, tmp_path: Path) -> Path:
    """The build, to be spoilt."""
    return Path(shutil.copytree(small.folder, tmp_path / "build"))


def reasons(outcome: Outcome) -> list[str]:
    return [line.strip() for line in outcome.lines if line.startswith("  ")]


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
def test_a_correct_build_passes(small: Build, pictures: list[Pixels], tmp_path: Path, backend: str) -> None:
    cases = write_cases(tmp_path, pictures, references(small.model, pictures, TOLERANCE[backend]))
    outcome = verify(small.folder, cases, *PATIENT, "--backend", backend)
    assert outcome.code == 0, outcome.out + outcome.err
    assert f"backend: {backend} (asked for {backend})" in outcome.lines
    assert outcome.lines[-1] == "PASS: 3 of 3 cases pass"


def test_a_wrong_expectation_fails(small: Build, pictures: list[Pixels], tmp_path: Path) -> None:
    scores = small.model.expected(pictures[0])
    labels, worst, best = tiny_labels(len(scores)), int(np.argmin(scores)), int(np.argmax(scores))
    cases = write_cases(tmp_path, pictures[:1], [{"label": labels[worst]}])
    outcome = verify(small.folder, cases, *PATIENT, "--backend", "wasm")
    assert outcome.code == 1
    assert any(reason.startswith(f"expected {labels[worst]}, got {labels[best]} 0.") for reason in reasons(outcome))


def test_pictures_upside_down_fail_against_the_vectors(small: Build, pictures: list[Pixels], tmp_path: Path) -> None:
    wrong = [picture[::-1] for picture in pictures]
    cases = write_cases(tmp_path, wrong, references(small.model, pictures, TOLERANCE["wasm"]))
    outcome = verify(small.folder, cases, *PATIENT, "--backend", "wasm")
    assert outcome.code == 1 and outcome.lines[-1] == "FAIL: 3 of 3 cases fail"
    assert all(reason.startswith("scores differ by 0.") for reason in reasons(outcome))


def test_a_wrong_normalization_fails_against_the_vectors(
    small: Build, site: Site, pictures: list[Pixels], tmp_path: Path
) -> None:
    build = wrongly_normalized(site, tmp_path)
    cases = write_cases(tmp_path, pictures, references(small.model, pictures, TOLERANCE["wasm"]))
    outcome = verify(build, cases, *PATIENT, "--backend", "wasm")
    assert outcome.code == 1 and outcome.lines[-1] == "FAIL: 3 of 3 cases fail"
    assert all(reason.startswith("scores differ by 0.") for reason in reasons(outcome))


def wrongly_normalized(site: Site, work: Path) -> Path:
    """A build like `small`, but generated with `--normalize unit` instead of `imagenet`."""
    tiny_model(work / "Small", size=(37, 29), channels=3, normalize="imagenet")
    facts = read_model(work / "Small")
    spec = resolve(facts, tiny_labels(), Options(name="Small", normalize="unit"))
    files = render(spec, facts.folder, whole())
    (work / "tree").mkdir()
    apply(make_plan(Request(installs=(Install(spec.name, tuple(files)),)), work / "tree"))
    return publish(site, work / "tree", "wrongly-normalized", spec.slug)


def test_a_deleted_shard_keeps_the_model_from_loading(copy: Path, pictures: list[Pixels], tmp_path: Path) -> None:
    (shard,) = copy.glob("StreamingAssets/tfjs-bridge/small/*.bin")
    shard.unlink()
    outcome = verify(copy, write_cases(tmp_path, pictures[:1], [{"label": tiny_labels()[0]}]), *PATIENT)
    assert outcome.code == 4
    assert "error 505 MODEL_DID_NOT_LOAD: The model small did not load: " in outcome.err
    assert f"{shard.name} could not be fetched: " in outcome.err
    assert f"  StreamingAssets/tfjs-bridge/small/{shard.name}: 404" in outcome.err.splitlines()


def test_a_damaged_shard_keeps_the_model_from_loading(copy: Path, pictures: list[Pixels], tmp_path: Path) -> None:
    (shard,) = copy.glob("StreamingAssets/tfjs-bridge/small/*.bin")
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    outcome = verify(copy, write_cases(tmp_path, pictures[:1], [{"label": tiny_labels()[0]}]), *PATIENT)
    assert outcome.code == 4 and f"{shard.name} is not the file that was generated" in outcome.err


def test_a_missing_runtime_is_named(copy: Path, pictures: list[Pixels], tmp_path: Path) -> None:
    (script,) = copy.glob("StreamingAssets/tfjs-bridge/runtime/tfjs-bridge.*.js")
    script.unlink()
    cases = write_cases(tmp_path, pictures[:1], [{"label": tiny_labels()[0]}])
    outcome = verify(copy, cases, "--timeout", "10")
    url = f"StreamingAssets/tfjs-bridge/runtime/{script.name}"
    assert outcome.code == 4
    assert (
        f"error 101 RUNTIME_UNAVAILABLE: The runtime script {url} did not load: the host answered with status 404."
        in outcome.err
    )


def test_a_camera_case_goes_through_the_game(small: Build, pictures: list[Pixels], tmp_path: Path) -> None:
    # The webcam's chroma subsampling costs 0.005 here; the same picture upside down is 0.4 away.
    wanted = references(small.model, pictures[:1], CAMERA_TOLERANCE)[0] | {"source": "camera", "query": "source=camera"}
    cases = write_cases(tmp_path, [pictures[0], pictures[0][::-1]], [wanted, wanted])
    report = tmp_path / "report.json"
    outcome = verify(small.folder, cases, *PATIENT, "--json", str(report))
    upright, flipped = json.loads(report.read_text("utf-8"))["cases"]
    assert upright["passed"] and upright["prediction"]["path"] == "camera", outcome.out
    assert outcome.code == 1 and not flipped["passed"], outcome.out
