"""Every kind of model on a runtime that has what `generate` joined for this model alone, on each backend: no kernel is
missing in a player's browser. Many games in one page, without a player."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder import resources
from builder.cli.flags import WriteFlags
from builder.cli.generation import generate
from builder.convert.folder import write_folder
from builder.convert.from_layers import convert
from builder.errors import OP_LEFT_OUT
from tests.convert.tfjs import predicted
from tests.e2e.browsing import Chromium, Site, Tab
from tests.e2e.game import Backend, Scores, page_image, picture_640x480
from tests.e2e.image_reference import fitted
from tests.e2e.test_forms import CASES, SIZE, TOLERANCE
from tests.functional import MODELS, mobilenet
from tests.models import tiny_labels, tiny_model
from tests.real import efficientnet

pytestmark = [pytest.mark.browser, pytest.mark.node]

PAGE = Path(__file__).with_name("lean_page.js")
SERVED = Path("Assets/StreamingAssets/tfjs-bridge")
BACKENDS: tuple[Backend, ...] = ("wasm", "webgl")
CLASSIFIERS = ("relu", "relu6", "leaky", "prelu", "elu")


@dataclass(frozen=True)
class Lean:
    """A game with one model: where its files lie below the page, and the scores that it must give for the picture."""

    folder: Path
    expected: Scores

    @property
    def game(self) -> dict[str, str]:
        (contract,) = self.folder.glob(f"{SERVED}/*/contract.json")
        (script,) = self.folder.glob(f"{SERVED}/runtime/tfjs-bridge.*.js")
        here = self.folder.parent
        return {
            "contract": contract.relative_to(here).as_posix(),
            "script": script.relative_to(here).as_posix(),
            "hash": hashlib.sha256(contract.read_bytes()).hexdigest(),
        }


def _text(value: object) -> object:
    if isinstance(value, tuple):
        return ("x" if all(isinstance(item, int) for item in value) else ",").join(map(str, value))
    return value if isinstance(value, bool | int) else str(value)


def generated(model: Path, labels: int, out: Path, **options: object) -> Path:
    """The tree that the command writes for the model."""
    names = model.parent / f"{model.name}.txt"
    names.write_text("\n".join(tiny_labels(labels)), "utf-8")
    said = {key: _text(value) for key, value in options.items() if value is not None}
    generate(model, None, {"labels": names, "out": out, "name": "Lean", **said}, WriteFlags())
    return out


def form(name: str, work: Path, out: Path) -> Lean:
    """One of the forms that a user can bring; its answer by numpy."""
    case = CASES[name]
    answers = tiny_model(work / "model", size=SIZE, **case.model)
    options = {"normalize": case.normalize, **case.options}
    return Lean(generated(work / "model", case.labels, out, **options), case.expected(answers))


def keras(name: str, work: Path, out: Path, *, as_graph: bool) -> Lean:
    """A model of layers, as it is or as a graph; its answer by TensorFlow.js's own layers on the CPU."""
    made, size = (mobilenet(), (32, 32)) if name == "mobilenet" else (MODELS[name], (8, 9))
    write_folder(made, work / "layers")
    write_folder(convert(made), work / "graph")
    levels = fitted(picture_640x480(), size, "stretch", "triangle")
    seen = (levels / 127.5 - 1).astype(np.float32)[None]
    (scores,) = predicted(work / "layers", {"input": seen}).values()
    folder = work / ("graph" if as_graph else "layers")
    return Lean(generated(folder, scores.shape[-1], out, normalize="signed"), scores[0])


def lite0_weights() -> Mapping[str, NDArray[Any]]:
    """EfficientNet-Lite0's shapes at an eighth of its width, with random weights."""
    random, weights, inner = np.random.default_rng(5), dict[str, NDArray[Any]](), 8

    def conv(name: str, norm: str, *shape: int) -> None:
        weights[f"{name}.weight"] = random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
        figures = (("weight", 1.0), ("bias", 0.1), ("running_mean", 0.1), ("running_var", 1.0))
        weights.update({f"{norm}.{key}": np.full(shape[0], value, np.float32) for key, value in figures})

    conv("_conv_stem", "_bn0", inner, 3, 3, 3)
    for number in range(efficientnet.BLOCKS):
        block, wide = f"_blocks.{number}.", 16 if number else inner
        if number:
            conv(block + "_expand_conv", block + "_bn0", wide, inner, 1, 1)
        conv(block + "_depthwise_conv", block + "_bn1", wide, 1, 3, 3)
        conv(block + "_project_conv", block + "_bn2", inner, wide, 1, 1)
    conv("_conv_head", "_bn1", 16, inner, 1, 1)
    dense = random.normal(0, 1, (efficientnet.CLASSES, 16)).astype(np.float32)
    return weights | {"_fc.weight": dense, "_fc.bias": np.zeros(efficientnet.CLASSES, np.float32)}


def lite0(shape: efficientnet.Form, work: Path, out: Path) -> Lean:
    weights = lite0_weights()
    efficientnet.write(weights, work / "model", shape, size=64)
    levels = fitted(picture_640x480(), (64, 64), "stretch", "triangle")
    scores = efficientnet.logits(weights, levels)
    options: dict[str, object] = {"normalize": None if shape == "levels" else "imagenet", "softmax": True}
    options |= {"input_size": (64, 64)} if shape == "any size" else {}
    powers = np.exp(scores.astype(np.float64) - scores.max())
    expected: Scores = (powers / powers.sum()).astype(np.float32)
    return Lean(generated(work / "model", efficientnet.CLASSES, out, **options), expected)


def made(name: str, work: Path, out: Path) -> Lean:
    kind, _, which = name.partition(": ")
    if kind == "form":
        return form(which, work, out)
    if kind == "Lite0":
        return lite0(which, work, out)  # type: ignore[arg-type]
    return keras(which, work, out, as_graph=kind == "graph")


NAMES = [
    *(f"form: {name}" for name in CASES),
    *(f"{kind}: {name}" for name in (*CLASSIFIERS, "mobilenet") for kind in ("layers", "graph")),
    *(f"Lite0: {shape}" for shape in ("plain", "any size", "levels", "planes")),
]
# One of each set of operations; `make test-lean` runs the others, too.
QUICK = {
    *(f"form: {name}" for name in ("mixed", "bytes", "any size", "second output", "logits")),
    *("graph: prelu", "layers: mobilenet", "graph: mobilenet", "Lite0: plain"),
}


@pytest.fixture(scope="module")
def folder(site: Site) -> Path:
    """The page's, which its games lie below."""
    home = site.folder / "lean-runtimes"
    home.mkdir()
    shutil.copy(PAGE, home)
    (home / "index.html").write_text("<!doctype html><title>lean</title><body><script src=lean_page.js></script>")
    (home / "frame.html").write_text("<!doctype html><title>game</title>")
    return home


@pytest.fixture(scope="module")
def page(browser: Chromium, folder: Path) -> Iterator[Tab]:
    with browser.tab() as tab:
        tab.goto(f"{browser.origin}/{folder.name}/index.html")
        yield tab
        assert not tab.errors


@pytest.fixture(scope="module")
def image() -> dict[str, object]:
    return page_image(picture_640x480())


def ask(page: Tab, lean: Lean, backend: Backend, image: dict[str, object]) -> Any:  # noqa: ANN401
    return page.evaluate("given => predicted(...given)", [lean.game, backend, image])


def slow_unless(name: str) -> Any:  # noqa: ANN401
    return pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)


@pytest.mark.parametrize("name", [slow_unless(name) for name in NAMES])
def test_what_a_model_needs_is_all_that_it_needs(
    page: Tab, folder: Path, tmp_path: Path, image: dict[str, object], name: str
) -> None:
    lean = made(name, tmp_path, folder / str(NAMES.index(name)))
    for backend in BACKENDS:
        found = ask(page, lean, backend, image)
        assert found["error"] is None, (backend, found["error"]["message"])
        assert found["backend"] == backend
        assert np.ptp(lean.expected) > 1e-4
        np.testing.assert_allclose(found["scores"], lean.expected, atol=TOLERANCE[backend])


def test_a_kernel_that_was_left_out_is_named(
    page: Tab, folder: Path, tmp_path: Path, image: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {**json.loads((resources.runtime() / "kernels.json").read_text("utf-8")), "AvgPool": []}
    monkeypatch.setattr(resources, "kernel_table", lambda: table)
    lean = form("float16", tmp_path, folder / "left-out")
    for backend in BACKENDS:
        error = ask(page, lean, backend, image)["error"]
        assert error["code"] == OP_LEFT_OUT.code
        assert error["message"].startswith(f"The runtime of this game has no AvgPool for {backend}. ")
        assert error["message"].endswith(OP_LEFT_OUT.next_step)
