"""The reference page against numpy: the project's tiny models, and a graph that counts in a loop, on every backend."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.errors import NO_MODEL, REFERENCE_FAILED, UserError
from builder.harness.reference import Inputs, Loaded, ReferenceBackend, ReferencePage, reference_page
from tests.e2e.browsing import Loop
from tests.models import Form, Format, normalized, pictures, tiny_model

pytestmark = pytest.mark.browser
BACKENDS: tuple[ReferenceBackend, ...] = ("cpu", "wasm", "webgl")
FORMATS: tuple[Format, ...] = ("graph", "layers")
OUTPUT = {"graph": "classes", "layers": "scores"}


class Reference:
    """A `ReferencePage` for synchronous tests."""

    def __init__(self, loop: Loop, page: ReferencePage) -> None:
        self._loop, self._page = loop, page

    def load(self, model: Path, backend: ReferenceBackend = "cpu") -> Loaded:
        return self._loop.run(self._page.load(model, backend))

    def run(self, inputs: Inputs, outputs: list[str] | None = None) -> dict[str, Any]:
        return self._loop.run(self._page.run(inputs, outputs))

    def time(self, inputs: Inputs, runs: int) -> float:
        return self._loop.run(self._page.time(inputs, runs))


@pytest.fixture(scope="module")
def reference() -> Iterator[Reference]:
    loop, opening = Loop(), reference_page()
    try:
        yield Reference(loop, loop.run(opening.__aenter__()))
        loop.run(opening.__aexit__(None, None, None))
    finally:
        loop.close()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("format", FORMATS)
def test_outputs_are_those_that_numpy_computes(
    reference: Reference, tmp_path: Path, format: Format, backend: ReferenceBackend
) -> None:
    expected = tiny_model(tmp_path, format=format, shards=3)
    x = normalized(pictures(4, (48, 32), 3, seed=3), "signed")
    loaded = reference.load(tmp_path, backend)
    (output,) = reference.run([x]).items()
    assert output[0] == OUTPUT[format]
    assert output[1].dtype == np.float32
    np.testing.assert_allclose(output[1], expected(x), atol=2e-6)
    assert bool(loaded.renderer) == (backend == "webgl")


@pytest.mark.parametrize("format", FORMATS)
def test_ports_and_operations_are_the_models(reference: Reference, tmp_path: Path, format: Format) -> None:
    tiny_model(tmp_path, format=format)
    loaded = reference.load(tmp_path)
    assert [(port.name, port.dtype, port.shape) for port in loaded.inputs] == [
        ("image" if format == "graph" else "conv_input", "float32", [-1, 32, 48, 3])
    ]
    assert [(port.name, port.shape) for port in loaded.outputs] == [(OUTPUT[format], [-1, 5])]
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))["modelTopology"]
    if format == "graph":
        names = [node["op"] for node in document["node"]]
    else:
        names = [layer["class_name"] for layer in document["model_config"]["config"]["layers"]]
    assert loaded.ops == {name: names.count(name) for name in names}


def test_named_inputs_several_outputs_and_inner_nodes(reference: Reference, tmp_path: Path) -> None:
    expected = tiny_model(tmp_path, format="graph", form=Form(second=True))
    x = normalized(pictures(2, (48, 32), 3, seed=4), "signed")
    reference.load(tmp_path)
    outputs = reference.run({"image": x})
    np.testing.assert_allclose(outputs["classes"], expected(x), atol=2e-6)
    np.testing.assert_allclose(outputs["others"], expected(x)[:, ::-1], atol=2e-6)
    (scores,) = reference.run({"image": x}, ["scores"]).values()
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), expected(x), atol=2e-6)


def test_integers_arrive_as_integers(reference: Reference, tmp_path: Path) -> None:
    expected = tiny_model(tmp_path, format="graph", form=Form(integer="int32"))
    picture = pictures(2, (48, 32), 3, seed=5)
    reference.load(tmp_path)
    np.testing.assert_allclose(reference.run([picture])["classes"], expected(picture.astype(np.float32)), atol=2e-6)


def test_names_without_a_signature_are_the_nodes(reference: Reference, tmp_path: Path) -> None:
    expected = tiny_model(tmp_path, format="graph", signature=False)
    x = normalized(pictures(1, (48, 32), 3, seed=6), "signed")
    loaded = reference.load(tmp_path)
    assert [port.name for port in loaded.outputs] == ["probabilities"]
    np.testing.assert_allclose(reference.run({"image": x})["probabilities"], expected(x), atol=2e-6)


def looping_graph(folder: Path) -> None:
    """Doubles `start` (float32 of any shape) until its sum reaches 100: control flow, which `execute` refuses."""

    def node(name: str, op: str, *inputs: str, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401
        return {"name": name, "op": op, "input": list(inputs), "attr": attributes}

    number, flag, index = {"type": "DT_FLOAT"}, {"type": "DT_BOOL"}, {"type": "DT_INT32"}
    one = {"dim": [{"size": "1"}]}
    nodes = [
        node("start", "Placeholder", dtype=number, shape={"shape": {"dim": [{"size": "-1"}]}}),
        node("axis", "Const", dtype=index, value={"tensor": {"dtype": "DT_INT32", "tensorShape": one}}),
        node("limit", "Const", dtype=number, value={"tensor": {"dtype": "DT_FLOAT", "tensorShape": {}}}),
        node("enter", "Enter", "start", T=number, frame_name={"s": "bG9vcA=="}, is_constant={"b": False}),
        node("enter_limit", "Enter", "limit", T=number, frame_name={"s": "bG9vcA=="}, is_constant={"b": True}),
        node("enter_axis", "Enter", "axis", T=index, frame_name={"s": "bG9vcA=="}, is_constant={"b": True}),
        node("merge", "Merge", "enter", "next", T=number, N={"i": "2"}),
        node("sum", "Sum", "merge", "enter_axis", T=number, Tidx=index, keep_dims={"b": False}),
        node("less", "Less", "sum", "enter_limit", T=number),
        node("cond", "LoopCond", "less"),
        node("switch", "Switch", "merge", "cond", T=number),
        node("double", "Add", "switch:1", "switch:1", T=number),
        node("next", "NextIteration", "double", T=number),
        node("exit", "Exit", "switch", T=number),
        node("large", "Greater", "exit", "limit", T=number),
    ]  # fmt: skip
    for item in nodes:
        item["input"] or item.pop("input")
    shape = {"dim": [{"size": "-1"}]}
    signature = {
        "inputs": {"start": {"name": "start:0", "dtype": number["type"], "tensorShape": shape}},
        "outputs": {
            "doubled": {"name": "exit:0", "dtype": number["type"], "tensorShape": shape},
            "large": {"name": "large:0", "dtype": flag["type"], "tensorShape": shape},
        },
    }
    weights = [{"name": "axis", "shape": [1], "dtype": "int32"}, {"name": "limit", "shape": [], "dtype": "float32"}]
    document = {
        "format": "graph-model",
        "modelTopology": {"node": nodes, "library": {}, "versions": {}},
        "signature": signature,
        "weightsManifest": [{"paths": ["weights"], "weights": weights}],
    }
    (folder / "weights").write_bytes(np.int32(0).tobytes() + np.float32(100).tobytes())
    (folder / "model.json").write_text(json.dumps(document), "utf-8")


@pytest.mark.parametrize("backend", BACKENDS)
def test_control_flow_runs_and_booleans_come_back(
    reference: Reference, tmp_path: Path, backend: ReferenceBackend
) -> None:
    looping_graph(tmp_path)
    reference.load(tmp_path, backend)
    for start in ([1.0, 2.0], [60.0, 50.0]):
        doubled = np.array(start, np.float32)
        while doubled.sum() < 100:
            doubled = doubled * 2
        outputs = reference.run([np.array(start, np.float32)])
        np.testing.assert_array_equal(outputs["doubled"], doubled)
        assert outputs["large"].dtype == np.bool_
        np.testing.assert_array_equal(outputs["large"], doubled > 100)


def test_more_work_takes_more_time(reference: Reference, tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph")
    reference.load(tmp_path, "cpu")
    one = normalized(pictures(1, (48, 32), 3), "signed")
    assert 0 < reference.time([one], 5) < reference.time([np.repeat(one, 40, axis=0)], 5)


def test_what_cannot_be_done_is_said(reference: Reference, tmp_path: Path) -> None:
    tiny_model(tmp_path / "good", format="graph")
    x = normalized(pictures(1, (48, 32), 3), "signed")
    reference.load(tmp_path / "good", "wasm")
    refused(lambda: reference.run({"picture": x}), "run the model on wasm: it has no input picture; its inputs: image.")
    refused(lambda: reference.run([]), "the input image is missing")
    refused(lambda: reference.run([x, x]), "it has no input #1")
    refused(lambda: reference.run([x], ["nowhere"]), "nowhere")
    refused(lambda: reference.run([x[..., :2]]), "run the model on wasm")
    np.testing.assert_equal(reference.run([x])["classes"].shape, (1, 5))  # and it goes on


def test_a_model_that_does_not_load_is_refused_with_the_reason(reference: Reference, tmp_path: Path) -> None:
    tiny_model(tmp_path / "cut", format="graph", shards=2)
    (tmp_path / "cut" / "group1-shard2of2.bin").unlink()
    refused(lambda: reference.load(tmp_path / "cut"), "load the model on cpu")
    tiny_model(tmp_path / "odd", format="graph")
    document = json.loads((tmp_path / "odd" / "model.json").read_text("utf-8"))
    next(node for node in document["modelTopology"]["node"] if node["op"] == "Relu")["op"] = "Hyperdrive"
    (tmp_path / "odd" / "model.json").write_text(json.dumps(document), "utf-8")
    reference.load(tmp_path / "odd")
    refused(lambda: reference.run([normalized(pictures(1, (48, 32), 3), "signed")]), "Hyperdrive")
    with pytest.raises(UserError) as caught:
        reference.load(tmp_path / "nowhere")
    assert [problem.kind for problem in caught.value.problems] == [NO_MODEL]


def refused(action: Any, text: str) -> None:  # noqa: ANN401
    with pytest.raises(UserError) as caught:
        action()
    (problem,) = caught.value.problems
    assert problem.kind is REFERENCE_FAILED
    assert text in problem.what


def test_a_page_that_may_not_use_software_webgl_does_not_compute_on_another_backend(tmp_path: Path) -> None:
    """The browser draws by software; a page that insists on hardware is refused, and not served by the cpu."""
    tiny_model(tmp_path, format="graph")

    async def load() -> None:
        async with reference_page() as page:
            page._software = False
            await page.load(tmp_path, "webgl")

    loop = Loop()
    try:
        refused(lambda: loop.run(load()), "The backend webgl is not to be had")
    finally:
        loop.close()
