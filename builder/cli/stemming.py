"""A model's first convolution, found in its graph: what `find-preprocessing` reads of the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from builder.convert.from_layers import Unconvertible, convert
from builder.convert.model import ConvertedModel
from builder.harness.evaluation.stem import Array, Stem

Node = Mapping[str, Any]
_CARRIERS = ("Cast", "Identity", "MirrorPad", "Pad", "PadV2")
_NORMALIZATIONS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_VALUELESS = ("Const", "NoOp", "Shape")  # what only comes after another node, or asks for its size
_MAX_STEPS = 16
_FOLDED = "bn_offset"  # how TensorFlow.js' converter calls the bias of a folded batch normalization


def stem_of(model: ConvertedModel) -> Stem | None:
    """None where the picture meets no convolution first, or something that is not understood before."""
    if "model_config" in model.document["modelTopology"]:
        try:
            model = convert(model, fold=False)
        except Unconvertible:
            return None
    return _Walk(model).stem()


@dataclass(slots=True)
class _Walk:
    model: ConvertedModel
    scale: Array = field(default_factory=lambda: np.ones(1))
    offset: Array = field(default_factory=lambda: np.zeros(1))

    def stem(self) -> Stem | None:
        """From the one input through arithmetic to the convolution."""
        pictures = [node for node in self._nodes() if node["op"] == "Placeholder"]
        node = self._reader(pictures[0]) if len(pictures) == 1 else None
        source = pictures[0]["name"] if pictures else ""
        for _ in range(_MAX_STEPS):
            if node is None or node["op"] in ("Conv2D", "_FusedConv2D"):
                break
            if node["op"] not in _CARRIERS and not self._arithmetic(node, source):
                return None
            source, node = node["name"], self._reader(node)
        return self._made(node) if node else None

    def _nodes(self) -> list[Node]:
        nodes: list[Node] = self.model.document["modelTopology"]["node"]
        return nodes

    def _reader(self, source: Node) -> Node | None:
        """The one node that reads values from `source`."""
        found = [
            node
            for node in self._nodes()
            if source["name"] in (_base(name) for name in node.get("input", [])) and node["op"] not in _VALUELESS
        ]
        return found[0] if len(found) == 1 else None

    def _constant(self, name: str) -> Array | None:
        """A number, or one for each channel."""
        found = self.model.weights.get(_base(name))
        fits = found is not None and found.size == max(found.shape[-1:], default=1)
        return found.astype(np.float64).reshape(-1) if found is not None and fits else None

    def _arithmetic(self, node: Node, source: str) -> bool:
        """Notes what `node` does to the picture; False where it is no arithmetic with a constant."""
        names = [_base(name) for name in node.get("input", [])]
        if len(names) != 2 or source not in names:
            return False
        is_first = names[0] == source
        value = self._constant(names[1] if is_first else names[0])
        return value is not None and self._applied(node["op"], value, is_first=is_first)

    def _applied(self, op: str, value: Array, *, is_first: bool) -> bool:
        if op in ("Add", "AddV2", "BiasAdd"):
            self.offset = self.offset + value
        elif op == "Sub":
            sign = 1 if is_first else -1
            self.scale, self.offset = self.scale * sign, (self.offset - value) * sign
        elif op == "Mul" or (op in ("Div", "RealDiv") and is_first and value.all()):
            factor = value if op == "Mul" else 1 / value
            self.scale, self.offset = self.scale * factor, self.offset * factor
        else:
            return False
        return True

    def _made(self, node: Node) -> Stem | None:
        names = [_base(name) for name in node["input"]]
        kernel = self.model.weights.get(names[1])
        if kernel is None or kernel.ndim != 4 or not kernel.size:
            return None
        fused = node["op"] == "_FusedConv2D"
        bias = self._constant(names[2]) if fused and len(names) > 2 else np.zeros(kernel.shape[3])
        if bias is None or bias.shape != kernel.shape[3:] or not np.isfinite(kernel).all():
            return None
        bias, moving = self._followed(node, bias)
        channels = np.ones(kernel.shape[2])
        if {self.scale.size, self.offset.size} - {1, len(channels)}:
            return None
        return Stem(
            kernel=kernel.astype(np.float64),
            bias=bias,
            scale=self.scale * channels,
            offset=self.offset * channels,
            moving=moving,
            folded=fused and len(names) > 2 and names[2].endswith(_FOLDED),
            depthwise=any("Depthwise" in each["op"] for each in self._nodes()),
        )

    def _followed(self, node: Node, bias: Array) -> tuple[Array, tuple[Array, Array] | None]:
        """The bias that is added afterwards, and what a batch normalization right after it noted."""
        reader = self._reader(node)
        if reader is not None and reader["op"] in ("Add", "AddV2", "BiasAdd"):
            other = [name for name in map(_base, reader["input"]) if name != node["name"]]
            added = self._constant(other[0]) if other else None
            if added is not None and added.shape == bias.shape:
                bias, reader = bias + added, self._reader(reader)
        if reader is None or reader["op"] not in _NORMALIZATIONS or _activated(node):
            return bias, None
        mean, variance = (self._constant(name) for name in reader["input"][3:5])
        known = mean is not None and variance is not None and mean.shape == variance.shape == bias.shape
        return bias, (mean, variance) if known and mean is not None and variance is not None else None


def _activated(node: Node) -> bool:
    """Whether the convolution has an activation of its own, which a normalization after it then sees."""
    fused = node.get("attr", {}).get("fused_ops", {}).get("list", {}).get("s", [])
    return len(fused) > 1


def _base(name: str) -> str:
    return name.lstrip("^").partition(":")[0]
