"""What a graph needs of the runtime."""

from __future__ import annotations

import copy
from typing import Any

from builder.inputs.needs import kernels, operations

TABLE = {
    "Placeholder": ["Reshape"],
    "Const": [],
    "MatMul": ["BatchMatMul"],
    "Mul": ["Multiply", "Cast"],
    "Split": ["SplitV"],
}


def node(name: str, op: str, *inputs: str) -> dict[str, Any]:
    return {"name": name, "op": op, "input": list(inputs)}


def document() -> dict[str, Any]:
    nodes = [
        {"name": "image", "op": "Placeholder"},
        node("axis", "Const"),
        node("parts", "Split", "axis", "image"),
        node("product", "MatMul", "parts:1", "parts", "^check"),
        node("check", "Assert", "image"),
        node("boxes", "NonMaxSuppressionV3", "product"),
        node("twice", "Mul", "image", "image"),
    ]
    return {
        "modelTopology": {"node": nodes},
        "signature": {"outputs": {"scores": {"name": "product:0"}}},
        "weightsManifest": [{"paths": ["w"], "weights": [{"name": "axis", "shape": [], "dtype": "int32"}]}],
    }


def test_only_what_the_output_is_computed_from_counts() -> None:
    assert operations(document(), ["scores"]) == {"Placeholder", "Const", "Split", "MatMul"}
    assert kernels(document(), ["scores"], TABLE) == frozenset(("Reshape", "SplitV", "BatchMatMul"))
    assert kernels(document(), ["twice"], TABLE) == frozenset(("Reshape", "Multiply", "Cast"))


def test_an_operation_without_a_rule_needs_the_converter() -> None:
    assert kernels(document(), ["boxes"], TABLE) is None


def test_weights_of_text_need_the_converter() -> None:
    text = copy.deepcopy(document())
    text["weightsManifest"][0]["weights"].append({"name": "words", "shape": [1], "dtype": "string"})
    assert kernels(text, ["twice"], TABLE) is None


def test_a_signature_in_the_metadata_goes_first() -> None:
    moved = document()
    moved["userDefinedMetadata"] = {"signature": {"outputs": {"scores": {"name": "twice"}}}}
    assert operations(moved, ["scores"]) == {"Placeholder", "Mul"}


def test_a_graph_that_goes_round_in_a_circle_is_walked_once() -> None:
    loop = document()
    loop["modelTopology"]["node"].append(node("next", "NextIteration", "merge"))
    loop["modelTopology"]["node"].append(node("merge", "Merge", "image", "next"))
    assert operations(loop, ["merge"]) == {"Placeholder", "Merge", "NextIteration"}
