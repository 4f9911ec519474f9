"""A TensorFlow.js graph while it is built: nodes, weights, names."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from builder.convert.from_onnx.dims import Shape
from builder.convert.from_onnx.tensors import Array, Kind, kind_of


@dataclass(frozen=True, slots=True)
class StoredShape:
    """A shape as an attribute."""

    dims: Shape


Attribute = bool | int | float | str | Kind | StoredShape | Sequence[int] | Sequence[str]


@dataclass(slots=True)
class TfNode:
    """One operation; `inputs` are `node` or `node:1`. `shape` is the stored shape of its first output, where known."""

    name: str
    op: str
    inputs: list[str]
    attributes: dict[str, Attribute] = field(default_factory=dict)
    shape: Shape | None = None


def node_of(tensor: str) -> str:
    """`node:1` → `node`."""
    return tensor.partition(":")[0]


@dataclass(slots=True)
class TfGraph:
    """Nodes by name, in an order in which each comes after its inputs; the arrays of the `Const` nodes."""

    nodes: dict[str, TfNode] = field(default_factory=dict)
    weights: dict[str, Array] = field(default_factory=dict)
    _small: dict[tuple[str, tuple[int, ...], bytes], str] = field(default_factory=dict)
    _uses: dict[str, int] = field(default_factory=dict)

    def add(
        self, op: str, inputs: Iterable[str], hint: str, attributes: Mapping[str, Attribute], shape: Shape | None = None
    ) -> str:
        """A new node; its name is like `hint`."""
        name = self._unique(hint)
        self.nodes[name] = TfNode(name, op, list(inputs), dict(attributes), shape)
        return name

    def const(self, array: Array, hint: str) -> str:
        """A `Const` node; small equal ones are one. The array may be a view, which is not copied."""
        kind = kind_of(array.dtype)
        array = np.asarray(array, kind.numpy)
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size <= 64 else None
        if key is not None and key in self._small:
            return self._small[key]
        name = self.add("Const", [], hint, {"dtype": kind}, array.shape)
        self.weights[name] = array
        if key is not None:
            self._small[key] = name
        return name

    def replace_weight(self, name: str, array: Array) -> None:
        """Another array for a `Const` node that one node alone reads."""
        self.weights[name] = np.asarray(array, self.weights[name].dtype)
        self.nodes[name].shape = array.shape

    def keep(self, outputs: Iterable[str]) -> None:
        """Drops what no output needs, placeholders apart, and puts every node behind its inputs."""
        ordered = {name: node for name, node in self.nodes.items() if node.op == "Placeholder"}
        waiting = [node_of(name) for name in outputs][::-1]
        while waiting:
            node = self.nodes[waiting[-1]]
            missing = [name for name in map(node_of, node.inputs) if name not in ordered]
            if missing:
                waiting += missing[::-1]
            else:
                ordered.setdefault(waiting.pop(), node)
        self.nodes = ordered
        self.weights = {name: array for name, array in self.weights.items() if name in ordered}

    def documents(self) -> list[dict[str, Any]]:
        """The nodes as TensorFlow's GraphDef in JSON."""
        return [self._document(node) for node in self.nodes.values()]

    def _document(self, node: TfNode) -> dict[str, Any]:
        attr = {name: encoded(value) for name, value in node.attributes.items()}
        if node.op == "Const":
            array = self.weights[node.name]
            attr["value"] = {"tensor": {"dtype": kind_of(array.dtype).value, "tensorShape": dims(array.shape)}}
        found: dict[str, Any] = {"name": node.name, "op": node.op}
        if node.inputs:
            found["input"] = node.inputs
        return {**found, "attr": attr}

    def _unique(self, hint: str) -> str:
        base = re.sub(r"[^A-Za-z0-9_./\-]", "_", hint)[:200].lstrip("/_.-") or "node"
        name = base
        while name in self.nodes:
            self._uses[base] = self._uses.get(base, 0) + 1
            name = f"{base}_{self._uses[base]}"
        return name


def dims(shape: Shape) -> dict[str, Any]:
    """A TensorShape; sizes that are not known are -1."""
    return {"dim": [{"size": str(dim if isinstance(dim, int) else -1)} for dim in shape]}


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode("ascii")


def encoded(value: Attribute) -> dict[str, Any]:  # noqa: PLR0911
    """An attribute as TensorFlow's AttrValue in JSON."""
    if isinstance(value, Kind):
        return {"type": value.value}
    if isinstance(value, StoredShape):
        return {"shape": dims(value.dims)}
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": value}
    if isinstance(value, str):
        return {"s": text(value)}
    if value and isinstance(value[0], str):
        return {"list": {"s": [text(str(item)) for item in value]}}
    return {"list": {"i": [str(item) for item in value]}}
