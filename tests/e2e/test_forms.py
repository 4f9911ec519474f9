"""Every form of classifier that a user can bring, through the player on wasm and webgl, against Pillow and numpy.

Types of weights and of inputs, channels first, free sizes, one of several outputs, logits, background classes, blue
first, Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builder.inputs.tfjs_model import read_model
from builder.render.tree import render
from builder.resolve import Options, resolve
from builder.writer import Install, Request, apply, make_plan
from tests.e2e.browsing import Chromium, Site
from tests.e2e.game import MEAN, STD, Backend, Game, Scores, picture_640x480, playing, publish
from tests.e2e.image_reference import Pixels, fitted
from tests.models import Expected, Form, tiny_labels, tiny_model
from tests.player.build import Mode
from tests.runtimes import whole

pytestmark = [pytest.mark.browser, pytest.mark.player]

SIZE = (37, 29)
MODES: dict[Backend, Mode] = {"wasm": "pixels", "webgl": "texture"}
TOLERANCE: dict[Backend, float] = {"webgl": 0.01, "wasm": 0.002}
# What the network sees of levels 0..255.
Seen = Callable[[Pixels], NDArray[Any]]


def signed(levels: Pixels) -> NDArray[Any]:
    return levels / 127.5 - 1


def imagenet_bgr(levels: Pixels) -> NDArray[Any]:
    values: NDArray[Any] = (levels / 255 - MEAN) / STD
    return values[..., ::-1]


def levels_as_they_are(levels: Pixels) -> NDArray[Any]:
    return levels


def softmax(scores: Scores) -> Scores:
    powers = np.exp(scores.astype(np.float64) - scores.max())
    made: Scores = (powers / powers.sum()).astype(np.float32)
    return made


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model, what `resolve` is told, what the network sees, and what becomes of its scores."""

    model: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    normalize: str | None = "signed"
    seen: Seen = signed
    after: Callable[[Scores], Scores] = lambda scores: scores
    labels: int = 5

    def expected(self, answers: Expected) -> Scores:
        """Scores [labels] for the picture that the player shows."""
        levels = fitted(picture_640x480(), SIZE, "stretch", "triangle")
        return self.after(answers(self.seen(levels)[None].astype(np.float32))[0])


def graph(form: Form | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"format": "graph", "form": form or Form(), **more}


CASES = {
    "uint8": Case(model={"quantize": "uint8"}),
    "uint16": Case(model=graph(quantize="uint16")),
    "float16": Case(model=graph(quantize="float16")),
    "mixed": Case(model={"quantize": "mixed"}),
    "bytes": Case(model=graph(Form(integer="uint8")), normalize=None, seen=levels_as_they_are),
    "integers": Case(model=graph(Form(integer="int32"), normalize="none"), normalize=None, seen=levels_as_they_are),
    "planes": Case(model=graph(Form(planar=True))),
    "planes of bytes": Case(model=graph(Form(planar=True, integer="uint8")), normalize=None, seen=levels_as_they_are),
    "layers of planes": Case(model={"form": Form(planar=True)}),
    "any size": Case(model=graph(Form(any_size=True)), options={"input_size": SIZE}),
    "second output": Case(model=graph(Form(second=True)), options={"output": "others"}, after=lambda s: s[::-1]),
    "third output": Case(model=graph(Form(second=True)), options={"output": "classes"}),
    "logits": Case(model=graph(softmax=False), options={"softmax": True}, after=softmax),
    "background": Case(
        model={"softmax": False}, options={"softmax": True, "skip_first": 2}, after=lambda s: softmax(s)[2:], labels=3
    ),
    "a thousand": Case(
        model=graph(softmax=False, classes=1001, quantize="float16"),
        options={"softmax": True, "skip_first": 1},
        after=lambda scores: softmax(scores)[1:],
        labels=1000,
    ),
    "blue first": Case(
        model={"normalize": "imagenet"}, normalize="imagenet", options={"channel_order": "bgr"}, seen=imagenet_bgr
    ),
    "blue planes": Case(
        model=graph(Form(planar=True), normalize="imagenet"),
        normalize="imagenet",
        options={"channel_order": "bgr"},
        seen=imagenet_bgr,
    ),
    "figures": Case(
        normalize=None,
        model={"normalize": "unit"},
        options={"mean": (10.0, 20.0, 30.0), "std": (200.0,), "scale": 1.0},
        seen=lambda levels: (levels - np.array([10, 20, 30])) / 200,
    ),
    "keras 3": Case(model={"form": Form(keras_3=True)}),
}


@dataclass(frozen=True)
class Made:
    slug: str
    expected: Scores


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Made]]:
    """One plug-in tree with a model of every form."""
    tree, work = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("models")
    return tree, {name: add(tree, work / name, case) for name, case in CASES.items()}


def add(tree: Path, folder: Path, case: Case) -> Made:
    answers = tiny_model(folder, size=SIZE, **case.model)
    facts = read_model(folder)
    spec = resolve(facts, tiny_labels(case.labels), Options(normalize=case.normalize, **case.options))
    files = render(spec, facts.folder, whole(), facts.rewritten)
    apply(make_plan(Request(installs=(Install(spec.name, tuple(files)),)), tree))
    return Made(spec.slug, case.expected(answers))


@pytest.fixture(scope="module")
def build(site: Site, models: tuple[Path, dict[str, Made]]) -> Path:
    tree, made = models
    return publish(site, tree, "forms", made["uint8"].slug)


@pytest.fixture(scope="module", params=["wasm", "webgl"])
def played(request: pytest.FixtureRequest, browser: Chromium, build: Path) -> Iterator[tuple[Backend, Game]]:
    backend: Backend = request.param
    with playing(browser, build, backend) as game:
        yield backend, game


@pytest.mark.parametrize("name", CASES)
def test_every_form_answers_as_numpy_does(
    played: tuple[Backend, Game], models: tuple[Path, dict[str, Made]], name: str
) -> None:
    (backend, game), made = played, models[1][name]
    game.create(made.slug)
    game.wait_until_ready()
    difference = np.abs(game.predict(MODES[backend]) - made.expected).max()
    assert difference <= TOLERANCE[backend], (name, backend)
    print(f"{name} on {backend}: {difference:.6f}")


def test_what_the_network_sees_matters(models: tuple[Path, dict[str, Made]]) -> None:
    # Otherwise the forms that change only that would prove nothing.
    answers = tiny_model(models[0].parent / "again", size=SIZE, normalize="imagenet")
    seen = imagenet_bgr(fitted(picture_640x480(), SIZE, "stretch", "triangle")).astype(np.float32)
    right, wrong = answers(seen[None])[0], answers(seen[None, ..., ::-1])[0]
    assert np.abs(right - wrong).max() > 5 * TOLERANCE["webgl"]
