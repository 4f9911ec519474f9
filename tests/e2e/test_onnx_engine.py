"""ONNX models that ONNX Runtime Web runs beside TensorFlow.js's: one game, one contract, a strict host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from builder.abi import Backend
from builder.cli.flags import WriteFlags
from builder.cli.generation import generate
from builder.convert import onnx_answers
from builder.errors import FETCH_FAILED, HASH_MISMATCH, NO_BACKEND, UNSUPPORTED_OP, ErrorKind
from tests.e2e.browsing import Chromium, chromium
from tests.e2e.game import CANVAS, Game, Scores, page_image, picture_640x480, playing
from tests.e2e.hosting import Host, hosting
from tests.e2e.image_reference import Pixels, fitted
from tests.e2e.test_hosting import BASE, PAGE, POLICY, START, VIOLATIONS
from tests.e2e.test_wasm_script import fetched
from tests.models import tiny_labels, tiny_model
from tests.onnx_models import tiny_onnx
from tests.player.build import link, pack

pytestmark = [pytest.mark.browser, pytest.mark.player]

SIZE = (37, 29)
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
READY = "globalThis.tfjsBridge?.models[0]?.phase === 'ready'"
ONNX_FILES = {"tfjs-bridge-onnxruntime", "ort-wasm-simd-threaded"}


def spoil(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


FAULTS: tuple[tuple[str, Callable[[Path], None], ErrorKind], ...] = (
    ("runtime/tfjs-bridge-onnxruntime.*.js", spoil, HASH_MISMATCH),
    ("runtime/ort-wasm-simd-threaded.*.wasm", Path.unlink, FETCH_FAILED),
    ("signs/signs.onnx", spoil, HASH_MISMATCH),
)


@dataclass(frozen=True)
class Mixed:
    """A published game with the models `graph`, of TensorFlow.js, `signs`, of ONNX Runtime, and `custom`, which nobody
    can run; `source` is the ONNX file of `signs`."""

    folder: Path
    browser: Chromium
    source: Path

    def expected(self, picture: Pixels) -> Scores:
        """What onnxruntime answers in Python to the picture [h, w, 3], fitted by Pillow."""
        levels = fitted(picture, SIZE, "stretch", "triangle")
        values = ((levels / 255 - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
        session = onnxruntime.InferenceSession(str(self.source), providers=["CPUExecutionProvider"])
        scores: Scores = session.run(["answer"], {"picture": values})[0][0]
        return scores


def add(tree: Path, model: Path, labels: Path, name: str, engine: str | None) -> None:
    given = {"labels": labels, "normalize": "imagenet", "out": tree, "name": name, "engine": engine}
    generate(model, None, given, WriteFlags())


def spoilt_operator(source: Path, path: Path) -> Path:
    """The model with its ReLU replaced by an operator of somebody's own."""
    model = onnx.load(str(source))
    (relu,) = (node for node in model.graph.node if node.op_type == "Relu")
    relu.op_type, relu.domain = "Squash", "example.test"
    model.opset_import.append(helper.make_opsetid("example.test", 1))
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    work, folder = tmp_path_factory.mktemp("mixed"), tmp_path_factory.mktemp("mixed-build") / "build"
    tree, labels, source = work / "tree", work / "labels.txt", work / "signs.onnx"
    labels.write_text("\n".join(tiny_labels()), "utf-8")
    tiny_model(work / "graph", size=SIZE, normalize="imagenet", format="graph")
    tiny_onnx(source, size=SIZE, normalize="imagenet", seed=11)
    add(tree, work / "graph", labels, "Graph", None)
    add(tree, source, labels, "Signs", "onnxruntime")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_answers, "onnx_outputs", lambda _: None)  # as where onnxruntime is not installed
        add(tree, spoilt_operator(source, work / "custom.onnx"), labels, "Custom", "onnxruntime")
    pack(link(tree), tree, folder, model="graph", picture=picture_640x480(), size=CANVAS)
    (folder / "index.html").write_text(PAGE, "utf-8")
    (folder / "icon.png").touch()
    (folder / "start.js").write_text(START % {"base": BASE, "assets": "StreamingAssets"}, "utf-8")
    host = Host(folder, BASE, frozenset({BASE}), headers={"Content-Security-Policy": POLICY.format(also="")})
    with hosting(host) as origin, chromium(origin) as browser:
        yield Mixed(folder, browser, source)


@pytest.fixture
def game(mixed: Mixed) -> Iterator[Game]:
    """The game, with its first model ready, which is TensorFlow.js's."""
    with playing(mixed.browser, mixed.folder, "wasm", VIOLATIONS, f"{BASE}?every=0") as game:
        game.tab.wait_for(READY)
        yield game


def probed(game: Game, picture: Pixels) -> Scores:
    """Scores of the page's first model, by the exact way in."""
    ask = "image => tfjsBridge.models[0].predict(image).then(answer => answer.scores)"
    return np.array(game.tab.evaluate(ask, page_image(picture)), np.float32)


def test_its_files_are_fetched_with_the_first_onnx_model_and_its_scores_are_onnxruntimes(
    mixed: Mixed, game: Game
) -> None:
    assert not fetched(game) & ONNX_FILES
    assert game.tab.evaluate("tfjsBridge.models[0].engineName") == "tensorflow.js"
    picture = picture_640x480(5)
    game.create("signs")
    game.wait_until_ready()
    assert ONNX_FILES <= fetched(game)
    expected = mixed.expected(picture)
    assert np.ptp(expected) > 0.01  # scores that are all alike would prove nothing
    assert np.abs(probed(game, picture) - expected).max() <= 1e-5
    game.show(picture)
    for mode in ("texture", "pixels"):
        assert np.abs(game.predict(mode) - expected).max() <= 0.01
    state = "[tfjsBridge.models[0].engineName, tfjsBridge.models[0].backend, crossOriginIsolated, violations]"
    assert game.tab.evaluate(state) == ["onnxruntime", "wasm", False, []]
    stats = game.stats()
    assert stats["backend"] == Backend.WASM and stats["executeMs"] > 0 and stats["finished"] == 2
    assert (stats["tensors"], stats["tensorBytes"]) == (0, 0)
    assert {url.partition("/portal/")[0] for url in game.tab.asked} == {mixed.browser.origin}
    assert [line for line in game.tab.said if line.startswith("error")] == []


def test_both_engines_compute_side_by_side_and_models_come_and_go(mixed: Mixed, game: Game) -> None:
    picture = picture_640x480(8)
    graph = probed(game, picture)
    game.create_second("signs")
    for _ in range(3):
        assert np.abs(game.predict_second(picture) - mixed.expected(picture)).max() <= 1e-5
        np.testing.assert_array_equal(probed(game, picture), graph)
    assert np.abs(graph - mixed.expected(picture)).max() > 0.01  # two models, not one
    for _ in range(2):
        game.create("signs")
        game.wait_until_ready()
        assert np.abs(game.predict("pixels") - mixed.expected(picture_640x480())).max() <= 0.01
    assert game.tab.evaluate("tfjsBridge.models.map(model => model.restingTensors)") == [0, 0]


def test_an_operator_that_it_does_not_have_is_named_and_other_models_run(game: Game) -> None:
    game.create("custom")
    code, message = game.failure()
    assert code == UNSUPPORTED_OP.code
    assert "uses the operator example.test:Squash, which ONNX Runtime Web 1.30 does not have" in message
    game.create("signs")
    game.wait_until_ready()
    assert game.error() == (0, "")


def refusal(game: Game) -> tuple[int, str]:
    game.create("signs")
    return game.failure()


def test_what_keeps_it_from_running_is_said_and_may_pass(mixed: Mixed, game: Game) -> None:
    game.tab.evaluate("tfjsBridgeConfig.backend = 'webgl'; tfjsBridgeConfig.keep = false")
    code, message = refusal(game)
    assert code == NO_BACKEND.code and "webgl is not to be had: ONNX Runtime computes by wasm here" in message
    assert not fetched(game) & ONNX_FILES
    game.tab.evaluate("tfjsBridgeConfig.backend = 'auto'")
    for pattern, change, kind in FAULTS:
        (file,) = (mixed.folder / "StreamingAssets/tfjs-bridge").glob(pattern)
        whole = file.read_bytes()
        try:
            change(file)
            code, message = refusal(game)
        finally:
            file.write_bytes(whole)
        assert code == kind.code and file.name in message, message
    game.create("signs")
    game.wait_until_ready()
