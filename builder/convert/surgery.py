"""Changing the nodes of a graph model: a copy of its document, read by name and rewired."""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from builder.convert.model import ConvertedModel
from builder.errors import CANNOT_BAKE, fail

Node = dict[str, Any]
FLOAT, INT = {"type": "DT_FLOAT"}, {"type": "DT_INT32"}
_FLOATS = ("DT_FLOAT", 1)


class Surgery:
    """A model under change; `done()` gives the changed one, the original stays as it is. `what` is being baked in, for
    refusals."""

    def __init__(self, model: ConvertedModel, what: str) -> None:
        self.what = what
        self.document = copy.deepcopy(model.document)
        self.weights = dict(model.weights)
        topology = self.document.get("modelTopology")
        if not isinstance(topology, dict) or "node" not in topology:
            self.refuse("only graph models can be changed, and this is a layers model")
        self.nodes: list[Node] = topology["node"]

    def done(self) -> ConvertedModel:
        return ConvertedModel(self.document, self.weights)

    def refuse(self, reason: str) -> NoReturn:
        """Raises CANNOT_BAKE."""
        raise fail(CANNOT_BAKE, what=self.what, reason=reason)

    # --- looking --------------------------------------------------------------------------------------------------

    def node(self, name: str) -> Node | None:
        return next((node for node in self.nodes if node["name"] == tensor_node(name)), None)

    def readers(self, name: str) -> list[Node]:
        """The nodes that read the first output of a node."""
        return [node for node in self.nodes if any(is_of(source, name) for source in node.get("input", []))]

    def signature(self, side: str) -> dict[str, Any]:
        """`inputs` or `outputs`; empty where the model has no signature."""
        user = self.document.get("userDefinedMetadata") or {}
        found = self.document.get("signature") or user.get("signature") or {}
        entries: dict[str, Any] = found.get(side) or {}
        return entries

    def outputs(self) -> list[str]:
        """Names of the tensors that the model gives."""
        named = [str(info.get("name")) for info in self.signature("outputs").values()]
        return named or [node["name"] for node in self._sinks()]

    def _sinks(self) -> list[Node]:
        read = {tensor_node(source) for node in self.nodes for source in node.get("input", [])}
        return [node for node in self.nodes if node["name"] not in read and node["op"] not in ("Const", "Placeholder")]

    def constant(self, name: str) -> NDArray[Any] | None:
        """The value of a `Const` node."""
        node = self.node(name)
        return self.weights.get(node["name"]) if node is not None and node["op"] == "Const" else None

    def own_constant(self, name: str) -> NDArray[Any] | None:
        """The value of a `Const` node that only one node reads, so that it may be changed."""
        value = self.constant(name)
        return value if value is not None and len(self.readers(tensor_node(name))) == 1 else None

    def placeholder(self, name: str | None) -> Node:
        """The input that is called `name` in the signature or the graph; without a name the only one."""
        found = [node for node in self.nodes if node["op"] == "Placeholder"]
        if name is not None:
            wanted = tensor_node(str(self.signature("inputs").get(name, {}).get("name") or name))
            found = [node for node in found if node["name"] == wanted]
        if len(found) != 1:
            self.refuse(f"it has no input {name!r}" if name else f"it has {len(found)} inputs, and none is named")
        return found[0]

    # --- changing -------------------------------------------------------------------------------------------------

    def unused(self, hint: str) -> str:
        """A name that no node has."""
        taken = {node["name"] for node in self.nodes}
        return next(name for name in _numbered(hint) if name not in taken)

    def add(self, after: Node, op: str, hint: str, *inputs: str, **attributes: Any) -> Node:  # noqa: ANN401
        """A new node, listed behind `after`."""
        made: Node = {"name": self.unused(hint), "op": op, "input": list(inputs), "attr": attributes}
        self._insert(after, made)
        return made

    def add_constant(self, before: Node, hint: str, value: NDArray[Any]) -> str:
        """A new weight; gives its name."""
        name, dtype = self.unused(hint), INT if value.dtype == np.int32 else FLOAT
        tensor = {"dtype": dtype["type"], "tensorShape": dims(value.shape)}
        self._insert(before, {"name": name, "op": "Const", "attr": {"dtype": dtype, "value": {"tensor": tensor}}})
        self.weights[name] = value
        return name

    def _insert(self, after: Node, node: Node) -> None:
        self.nodes.insert(next(i for i, other in enumerate(self.nodes) if other is after) + 1, node)

    def rewire(self, name: str, to: str, readers: Sequence[Node]) -> None:
        """These readers of the first output of `name` read `to` from now on."""
        for node in readers:
            node["input"] = [to if is_of(source, name) else source for source in node["input"]]

    def reshape_input(self, node: Node, shape: list[int]) -> None:
        """States another shape for a placeholder, in the graph and in the signature."""
        node.setdefault("attr", {})["shape"] = {"shape": dims(shape)}
        node["attr"].pop("_output_shapes", None)
        for info in self.signature("inputs").values():
            if tensor_node(str(info.get("name"))) == node["name"]:
                info["tensorShape"] = dims(shape)

    def record(self, **facts: Any) -> None:  # noqa: ANN401
        """Writes into the model what was done to it, so that nobody does it again."""
        metadata = self.document["userDefinedMetadata"] = self.document.get("userDefinedMetadata") or {}
        metadata["tfjsForUnity"] = {"version": 1, **(metadata.get("tfjsForUnity") or {}), **facts}

    def recorded(self, key: str) -> bool:
        """True if the model says that this was done to it."""
        metadata = self.document.get("userDefinedMetadata") or {}
        return key in (metadata.get("tfjsForUnity") or {})


def _numbered(hint: str) -> Iterator[str]:
    yield hint
    number = 1
    while True:
        yield f"{hint}_{number}"
        number += 1


def tensor_node(name: str) -> str:
    """`image:0` and `^image` → `image`."""
    return name.lstrip("^").partition(":")[0]


def is_of(source: str, name: str) -> bool:
    """True if an input means the first output of the node `name`."""
    return source in (name, f"{name}:0")


def is_float(node: Node) -> bool:
    """True for a placeholder of float32."""
    return node.get("attr", {}).get("dtype", {}).get("type", "DT_FLOAT") in _FLOATS


def shape_of(node: Node) -> list[int] | None:
    """A placeholder's shape, -1 where free; None where its rank is unknown."""
    shape = node.get("attr", {}).get("shape", {}).get("shape", {})
    if shape.get("unknownRank") or not isinstance(shape.get("dim"), list):
        return None
    return [int(entry.get("size", -1)) for entry in shape["dim"]]


def text_attribute(node: Node, name: str) -> str:
    """A `bytes` attribute, which is base64 in most models and plain text in some."""
    return _decoded(node.get("attr", {}).get(name, {}).get("s", ""))


def fused_ops(node: Node) -> list[str]:
    """What a fused operation does after its convolution or product: `BiasAdd`, `Relu6` …"""
    return [_decoded(text) for text in node.get("attr", {}).get("fused_ops", {}).get("list", {}).get("s", [])]


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value


def dims(shape: Any) -> dict[str, Any]:  # noqa: ANN401
    """A shape as the JSON form of protocol buffers has it."""
    return {"dim": [{"size": str(size)} for size in shape]}
