"""Nodes of TensorFlow.js graph models, written by hand."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def attribute_string(text: str) -> dict[str, str]:
    """An attribute that is text."""
    return {"s": base64.b64encode(text.encode()).decode()}


FALSE = {"b": False}
FLOAT = {"type": "DT_FLOAT"}
INT = {"type": "DT_INT32"}
TYPES = {"float32": FLOAT, "int32": INT, "uint8": {"type": "DT_UINT8"}}
VALID = attribute_string("VALID")
SAME = attribute_string("SAME")
NHWC = attribute_string("NHWC")


def node(name: str, op: str, *inputs: str, **attributes: object) -> dict[str, Any]:
    """One operation."""
    made: dict[str, Any] = {"name": name, "op": op, "attr": attributes}
    return made | {"input": list(inputs)} if inputs else made


def const(name: str, value: NDArray[Any]) -> dict[str, Any]:
    """The node of a weight; its values lie in the shards."""
    dtype = INT if value.dtype == np.int32 else FLOAT
    return node(
        name, "Const", dtype=dtype, value={"tensor": {"dtype": dtype["type"], "tensorShape": dims(value.shape)}}
    )


def tensor_info(name: str, shape: Sequence[int], dtype: str = "DT_FLOAT") -> dict[str, Any]:
    """An input or output of the signature."""
    return {"name": name, "dtype": dtype, "tensorShape": dims(shape)}


def shape(sizes: Sequence[int]) -> dict[str, Any]:
    """An attribute that is a shape."""
    return {"shape": dims(sizes)}


def dims(sizes: Sequence[int]) -> dict[str, Any]:
    """A shape as TensorFlow writes it."""
    return {"dim": [{"size": str(size)} for size in sizes]}


def ints(*values: int) -> dict[str, Any]:
    """An attribute that is a list of whole numbers."""
    return {"list": {"i": [str(value) for value in values]}}


def graph_document(nodes: list[dict[str, Any]], inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """model.json without its weights; `inputs` and `outputs` by name as `tensor_info` gives them."""
    topology = {"node": nodes, "library": {}, "versions": {"producer": 1286}}
    signature = {"inputs": inputs, "outputs": outputs}
    return {"format": "graph-model", "generatedBy": "tests", "modelTopology": topology, "signature": signature}
