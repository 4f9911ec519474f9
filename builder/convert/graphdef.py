"""A graph model as a frozen GraphDef of TensorFlow: the way back, so that TensorFlow can answer for the result, too.

What TensorFlow.js computes in one operation is taken apart again (fused convolutions, Prelu), nodes get names that
TensorFlow allows, and every output ends in an Identity of its own. Only what model.json holds is written; the bytes are
those of Protocol Buffers, of which the few messages here need no library.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.convert.model import ConvertedModel

Node = dict[str, Any]
# TensorFlow's numbers of the types that weights, inputs and attributes have.
TYPES = {
    "DT_FLOAT": 1,
    "DT_DOUBLE": 2,
    "DT_INT32": 3,
    "DT_UINT8": 4,
    "DT_INT16": 5,
    "DT_INT8": 6,
    "DT_STRING": 7,
    "DT_COMPLEX64": 8,
    "DT_INT64": 9,
    "DT_BOOL": 10,
    "DT_HALF": 19,
}
_NUMPY = {1: "<f4", 2: "<f8", 3: "<i4", 4: "<u1", 5: "<i2", 6: "<i1", 9: "<i8", 10: "?", 19: "<f2"}
_FUSED = {
    "_FusedConv2D": "Conv2D",
    "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
    "_FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
    "_FusedMatMul": "MatMul",
}
_FUSED_ONLY = ("num_args", "fused_ops", "epsilon", "leakyrelu_alpha", "TArgs", "num_host_args")
_FLOAT: Mapping[str, Any] = {"T": {"type": "DT_FLOAT"}}
_PRODUCER = 1482
# Of AttrValue, and of the lists in it.
_FIELDS = {"s": 2, "i": 3, "f": 4, "b": 5, "type": 6, "shape": 7}


class Inexpressible(ValueError):
    """TensorFlow has nothing to express it with; the message completes "the graph …"."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """The bytes of a GraphDef; `inputs` and `outputs` give each name of the signature its node."""

    content: bytes
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


def frozen(model: ConvertedModel) -> Frozen:
    """The model as TensorFlow reads it. Raises `Inexpressible`."""
    topology, signature = model.document["modelTopology"], model.document["signature"]
    if topology.get("library", {}).get("function"):
        msg = "calls functions"
        raise Inexpressible(msg)
    nodes = [part for node in topology["node"] for part in _taken_apart(node)]
    names = {node["name"]: f"n{index}" for index, node in enumerate(nodes)}
    ends = {name: f"out{index}" for index, name in enumerate(signature["outputs"])}
    written = [_node(node, names, model) for node in nodes]
    for name, info in signature["outputs"].items():
        end = {"name": ends[name], "op": "Identity", "input": [info["name"]], "attr": {"T": {"type": info["dtype"]}}}
        written.append(_node(end, {**names, ends[name]: ends[name]}, model))
    content = b"".join(_bytes(1, node) for node in written) + _bytes(4, _number(1, _PRODUCER))
    inputs = {name: names[_target(info["name"])[0]] for name, info in signature["inputs"].items()}
    return Frozen(content, inputs, ends)


# --- what TensorFlow.js has and TensorFlow has not --------------------------------------------------------------------


def _taken_apart(node: Node) -> Iterator[Node]:
    """The node as operations of TensorFlow's own; the last one bears its name."""
    if node["op"] in _FUSED:
        yield from _unfused(node)
    elif node["op"] == "Prelu":
        yield from _prelu(node["name"], *node["input"][:2])
    else:
        yield node


def _unfused(node: Node) -> Iterator[Node]:
    attributes = node["attr"]
    steps = [base64.b64decode(text).decode() for text in attributes["fused_ops"]["list"]["s"]]
    arguments = iter(node["input"][2:])
    own = {name: value for name, value in attributes.items() if name not in _FUSED_ONLY}
    last = f"{node['name']}/base"
    yield {"name": last, "op": _FUSED[node["op"]], "input": node["input"][:2], "attr": own}
    for index, step in enumerate(steps):
        name = node["name"] if index == len(steps) - 1 else f"{node['name']}/step{index}"
        yield from _step(step, name, last, arguments, attributes)
        last = name


def _step(step: str, name: str, source: str, arguments: Iterator[str], attributes: Node) -> Iterator[Node]:
    if step == "BiasAdd":
        order = {"data_format": attributes["data_format"]} if "data_format" in attributes else {}
        yield {"name": name, "op": "BiasAdd", "input": [source, next(arguments)], "attr": {**_FLOAT, **order}}
    elif step in ("Relu", "Relu6", "Elu", "Sigmoid"):
        yield {"name": name, "op": step, "input": [source], "attr": _FLOAT}
    elif step == "LeakyRelu":
        alpha = attributes.get("leakyrelu_alpha", {"f": 0.2})
        yield {"name": name, "op": step, "input": [source], "attr": {**_FLOAT, "alpha": alpha}}
    elif step == "Prelu":
        yield from _prelu(name, source, next(arguments))
    else:
        msg = f"fuses {step}"
        raise Inexpressible(msg)


def _prelu(name: str, source: str, alpha: str) -> Iterator[Node]:
    """max(x, 0) - alpha * max(-x, 0)"""
    for part, op, inputs in (
        (f"{name}/above", "Relu", [source]),
        (f"{name}/turned", "Neg", [source]),
        (f"{name}/below", "Relu", [f"{name}/turned"]),
        (f"{name}/scaled", "Mul", [f"{name}/below", alpha]),
        (name, "Sub", [f"{name}/above", f"{name}/scaled"]),
    ):
        yield {"name": part, "op": op, "input": inputs, "attr": _FLOAT}


# --- messages ---------------------------------------------------------------------------------------------------------


def _target(source: str) -> tuple[str, str]:
    """`^name:1` → the node, and what else the reference says."""
    name, colon, index = source.removeprefix("^").partition(":")
    return name, colon + index


def _node(node: Node, names: Mapping[str, str], model: ConvertedModel) -> bytes:
    """NodeDef."""
    content = _bytes(1, names[node["name"]].encode()) + _bytes(2, node["op"].encode())
    for source in node.get("input", ()):
        name, index = _target(source)
        content += _bytes(3, (("^" if source.startswith("^") else "") + names[name] + index).encode())
    attributes = {name: _attribute(value) for name, value in node.get("attr", {}).items() if not name.startswith("_")}
    if node["op"] == "Const":
        attributes["value"] = _constant(node, model)
    entries = (_bytes(1, name.encode()) + _bytes(2, value) for name, value in sorted(attributes.items()))
    return content + b"".join(_bytes(5, entry) for entry in entries)


def _constant(node: Node, model: ConvertedModel) -> bytes:
    """AttrValue with the weight's values, in the type that the node states."""
    dtype = _type(node["attr"]["dtype"]["type"])
    values = np.asarray(model.weights[node["name"]]).astype(_NUMPY[dtype])
    shape = b"".join(_bytes(2, _number(1, size)) for size in values.shape)
    return _bytes(8, _number(1, dtype) + _bytes(2, shape) + _bytes(4, values.tobytes()))


def _attribute(value: Mapping[str, Any]) -> bytes:
    """AttrValue."""
    if "list" in value:
        items = ((kind, item) for kind, found in value["list"].items() for item in found)
        return _bytes(1, b"".join(_plain(kind, item) for kind, item in items))
    return b"".join(_plain(kind, item) for kind, item in value.items() if kind in _FIELDS)


def _plain(kind: str, item: Any) -> bytes:  # noqa: ANN401
    field = _FIELDS[kind]
    if kind == "s":
        return _bytes(field, base64.b64decode(item))
    if kind == "f":
        return _varint(field << 3 | 5) + struct.pack("<f", float(item))
    if kind == "shape":
        return _bytes(field, _shape(item))
    return _number(field, _type(item) if kind == "type" else int(item))


def _shape(value: Mapping[str, Any]) -> bytes:
    """TensorShapeProto."""
    if value.get("unknownRank"):
        return _number(3, 1)
    return b"".join(_bytes(2, _number(1, int(dim.get("size", 0)))) for dim in value.get("dim", ()))


def _type(value: str | int) -> int:
    if isinstance(value, int):
        return value
    if value not in TYPES:
        msg = f"has values of {value}"
        raise Inexpressible(msg)
    return TYPES[value]


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """Seven bits a byte; negative numbers as 64 bits in two's complement."""
    rest, out = value & (1 << 64) - 1, bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)
