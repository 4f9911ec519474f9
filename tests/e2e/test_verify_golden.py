"""Golden vectors end to end: from a build back into its project, into the next build, and what they notice there."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from builder.harness.golden import seeded_picture
from tests.e2e.browsing import Site
from tests.e2e.game import Tiny, add_model, publish
from tests.verifying import Outcome, run_verify

pytestmark = [pytest.mark.browser, pytest.mark.player]

PATIENT = ("--timeout", "120")


@dataclass(frozen=True)
class Project:
    """A plug-in tree with the golden vectors of its two models, and the folder of the one that the player loads."""

    tree: Path
    models: tuple[Tiny, Tiny]
    outcome: Outcome

    @property
    def home(self) -> Path:
        return self.tree / "Assets/StreamingAssets/tfjs-bridge" / self.models[0].slug


@pytest.fixture(scope="module")
def project(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Project:
    tree: Path = tmp_path_factory.mktemp("golden-tree")
    work: Path = tmp_path_factory.mktemp("golden-models")
    models = (
        add_model(tree, work, "Golden", lean=True),
        add_model(tree, work, "Gray", gray=True, size=(24, 40), lean=True),
    )
    before = publish(site, tree, "golden-before", models[0].slug)
    return Project(tree, models, run_verify(before, "--update-golden", str(tree)))


def test_vectors_are_what_numpy_says_of_the_seeded_picture(project: Project) -> None:
    assert project.outcome.code == 0, project.outcome.err
    for model in project.models:
        golden = json.loads((project.home.parent / model.slug / "golden.json").read_bytes())
        expected = model.expected(seeded_picture(golden["seed"], *model.size))
        np.testing.assert_allclose(golden["scores"], expected, atol=1e-5)
        assert expected.max() < 0.99  # not so sure of itself that nothing could move it


@pytest.mark.parametrize("backend", ["webgl", "wasm"])
def test_the_next_build_passes_without_cases(project: Project, site: Site, backend: str) -> None:
    build = publish(site, project.tree, f"golden-{backend}", project.models[0].slug)
    outcome = run_verify(build, *PATIENT, "--backend", backend)
    assert outcome.code == 0, outcome.out + outcome.err
    (line,) = (line for line in outcome.lines if line.startswith("PASS check golden: "))
    assert line.startswith("PASS check golden: golden: scores differ by ") and line.endswith("(tolerance 0.001)")
    assert outcome.lines[-1] == "PASS: no cases"


def test_a_wrong_weight_is_noticed_although_all_hashes_agree(project: Project, site: Site, tmp_path: Path) -> None:
    """A model that was converted wrongly: file, contract and game agree with each other, but not with the vector."""
    tree = Path(shutil.copytree(project.tree, tmp_path / "tree"))
    spoil(tree / project.home.relative_to(project.tree))
    build = publish(site, tree, "golden-spoilt", project.models[0].slug)
    outcome = run_verify(build, *PATIENT, "--backend", "wasm")
    assert outcome.code == 1 and outcome.lines[-1] == "FAIL: no cases; failed checks: golden"
    assert any(line.startswith("  golden: scores differ by 0.") for line in outcome.lines), outcome.out


def spoil(home: Path) -> None:
    """Another value for one weight of the convolution, and hashes that fit."""
    (shard,) = home.glob("*.bin")
    weights = np.frombuffer(shard.read_bytes(), "<f4").copy()
    weights[0] += 2
    shard.write_bytes(weights.tobytes())
    contract, golden = (json.loads((home / name).read_bytes()) for name in ("contract.json", "golden.json"))
    contract["model"]["files"]["shards"][0]["sha256"] = hashlib.sha256(weights.tobytes()).hexdigest()
    (home / "contract.json").write_text(json.dumps(contract), "utf-8")
    golden["contract_sha256"] = hashlib.sha256((home / "contract.json").read_bytes()).hexdigest()
    (home / "golden.json").write_text(json.dumps(golden), "utf-8")
