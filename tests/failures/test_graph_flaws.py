"""Graphs that do not fit their weights: what would only show in the browser is said by `generate` and `inspect`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.inputs.graph_flaws import KNOWN_OPS
from builder.inputs.tfjs_model import read_model
from builder.resolve import classifier_problems
from tests.failures.test_model_input import broken
from tests.models import tiny_model

OP_LISTS = Path("jslib/node_modules/@tensorflow/tfjs-converter/dist/operations/op_list")
# Text and decision forests, whose kernels the runtime does not have; and types of the lists themselves.
LEFT_OUT = re.compile(r"(StaticRegexReplace|String\w+|SimpleML\w+)")


def nodes(document: dict[str, Any]) -> dict[str, Any]:
    return {node["name"]: node for node in document["modelTopology"]["node"]}


def rename_weight(document: dict[str, Any]) -> None:
    document["weightsManifest"][0]["weights"][0]["name"] += "_1"


def turn_kernel(document: dict[str, Any]) -> None:
    weight = next(item for item in document["weightsManifest"][0]["weights"] if item["name"] == "conv/kernel")
    weight["shape"].reverse()


def swap_kernel(document: dict[str, Any]) -> None:
    weight = next(item for item in document["weightsManifest"][0]["weights"] if item["name"] == "conv/kernel")
    weight["shape"][2:] = weight["shape"][:1:-1]


def flatten_kernel(document: dict[str, Any]) -> None:
    weight = next(item for item in document["weightsManifest"][0]["weights"] if item["name"] == "conv/kernel")
    a, b, c, d = weight["shape"]
    weight["shape"] = [a, b, c * d]


def misspell(document: dict[str, Any]) -> None:
    nodes(document)["relu"]["input"] = ["baised"]


def circle(document: dict[str, Any]) -> None:
    nodes(document)["biased"]["input"][0] = "relu"


def lose_output(document: dict[str, Any]) -> None:
    document["signature"]["outputs"]["classes"]["name"] = "nothing:0"


def lose_input(document: dict[str, Any]) -> None:
    document["signature"]["inputs"]["image"]["name"] = "nothing:0"


FLAWS: dict[str, tuple[Callable[[dict[str, Any]], None], str, str]] = {
    "a renamed weight": (rename_weight, r"modelTopology\.node\.\d$", "the constant '.+' has no weight of that name"),
    "a reversed kernel": (turn_kernel, r"node\.\d$", "BiasAdd 'biased': its input 1 has 8 numbers for 3 channels"),
    "a kernel for other pictures": (swap_kernel, r"node\.\d$", r"'conv': its kernel \[3, 3, 8, 3\] is for 8 channels"),
    "a kernel of three axes": (flatten_kernel, r"node\.\d$", r"'conv': its kernel has the shape .+ it takes 4 axes"),
    "an input that names nothing": (misspell, r"node\.\d\.input\.0$", "it reads 'baised', and no node is called so"),
    "a circle": (circle, r"modelTopology\.node$", "its nodes wait for each other: '(biased|relu)' → '(relu|biased)'"),
    "an output that is none": (lose_output, r"signature\.outputs$", "no node is called 'nothing'"),
    "an input that is none": (lose_input, r"signature\.inputs$", "no node is called 'nothing'"),
}  # fmt: skip


@pytest.mark.parametrize("case", FLAWS)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path: Path, case: str) -> None:
    change, place, reason = FLAWS[case]
    found = broken(tmp_path / "model", change, format="graph")
    assert len(found) == 1, found
    assert re.search(place, found[0][0]), found
    assert re.search(reason, found[0][1]), found


def test_an_unknown_operation_is_an_obstacle_where_it_is_needed(tmp_path: Path) -> None:
    tiny_model(tmp_path, format="graph")
    path = tmp_path / "model.json"
    document = json.loads(path.read_text("utf-8"))
    document["modelTopology"]["node"].append({"name": "aside", "op": "Lonely", "input": ["relu"]})
    path.write_text(json.dumps(document), "utf-8")
    assert not classifier_problems(read_model(tmp_path))
    nodes(document)["relu"]["op"] = "Rleu"
    path.write_text(json.dumps(document), "utf-8")
    [found] = classifier_problems(read_model(tmp_path))
    assert "TensorFlow.js does not have its operations Rleu" in found.what


@pytest.mark.node
def test_the_operations_are_those_of_the_package() -> None:
    texts = [path.read_text("utf-8") for path in (Path(__file__).parents[2] / OP_LISTS).glob("*.js")]
    found = {name for text in texts for name in re.findall(r"'tfOpName': '(\w+)'", text)}
    assert len(found) > 200
    assert {name for name in found if not LEFT_OUT.fullmatch(name)} == KNOWN_OPS
