"""Fewer operations for the same result: on the TensorFlow.js graph, once it is whole."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from builder.convert.from_onnx.dims import known
from builder.convert.from_onnx.graph import Attribute, TfGraph, TfNode, node_of
from builder.convert.from_onnx.groups import FUSED_GROUPED, GROUPED, expand_groups
from builder.convert.from_onnx.tensors import Array, Kind

_LINEAR = {
    "Conv2D": "_FusedConv2D",
    "DepthwiseConv2dNative": "FusedDepthwiseConv2dNative",
    GROUPED: FUSED_GROUPED,
    "MatMul": "_FusedMatMul",
}
_ACTIVATIONS = frozenset({"Relu", "Relu6", "Elu", "LeakyRelu", "Sigmoid", "Prelu"})
_LARGE = 1 << 18  # bytes
_RESHAPING = frozenset({"Reshape", "ExpandDims", "Squeeze"})


def fuse(graph: TfGraph, outputs: list[str], *, owned: bool = False) -> None:
    """Joins chains of reshapes, takes a Transpose before a dense layer into its weights, and whatever follows a linear
    operation channel by channel into that operation. `owned`: arrays may be overwritten, as nobody else needs them."""
    _join_reshapes(graph)
    graph.keep(outputs)
    _Fusion(graph, outputs, owned).run()
    expand_groups(graph)
    graph.keep(outputs)


def _join_reshapes(graph: TfGraph) -> None:
    """A Reshape to a constant shape does not care what reshaped its input before."""
    for node in graph.nodes.values():
        if node.op == "Reshape" and node.inputs[1] in graph.weights:
            source = graph.nodes.get(node.inputs[0])
            while source is not None and source.op in _RESHAPING:
                node.inputs[0] = source.inputs[0]
                source = graph.nodes.get(node.inputs[0])


@dataclass(slots=True)
class _Chain:
    """What follows the linear operation `op`: y * scale + shift, then `activation`.

    `at` is the node reached, `last` the one that the chain ends in, `passed` a reshape on the way to `at`, and
    `reshape` one that lies within the chain.
    """

    op: str
    at: str
    scale: Array
    shift: Array
    last: str = ""
    activation: TfNode | None = None
    slope: Array | None = None
    passed: TfNode | None = None
    reshape: TfNode | None = None


class _Fusion:
    def __init__(self, graph: TfGraph, outputs: list[str], owned: bool) -> None:
        self.graph = graph
        self.owned = owned
        self.readers: dict[str, list[str]] = {}
        for node in graph.nodes.values():
            for name in node.inputs:
                self.readers.setdefault(node_of(name), []).append(node.name)
        self.outputs = Counter(node_of(name) for name in outputs)

    def run(self) -> None:
        for node in list(self.graph.nodes.values()):
            if node.op in _LINEAR and node.name in self.graph.nodes and node.inputs[1] in self.graph.weights:
                if node.op == "MatMul":
                    self._take_transpose(node)
                self._take_chain(node)
        for node in list(self.graph.nodes.values()):
            if node.op in ("Mul", "AddV2", "Sub") and self.graph.nodes.get(node.name) is node:
                self._merge_affine(node)

    # --- a Transpose in front of a dense layer

    def _take_transpose(self, node: TfNode) -> None:
        """Flattened channels-last numbers meet rows of the matrix in the same order."""
        reshape = self.graph.nodes.get(node.inputs[0])
        if reshape is None or reshape.op != "Reshape" or reshape.inputs[1] not in self.graph.weights:
            return
        turned = self.graph.nodes.get(reshape.inputs[0])
        if (
            turned is None
            or turned.op != "Transpose"
            or turned.shape is None
            or self.readers[reshape.name] != [node.name]
        ):
            return
        sizes, perm = known(turned.shape[1:]), self.graph.weights[turned.inputs[1]].tolist()
        matrix = self.graph.weights[node.inputs[1]]
        if sizes is None or perm[0] != 0 or math.prod(sizes) != len(matrix) or reshape.name in self.outputs:
            return
        rows = matrix.reshape(*sizes, -1)
        back = [perm.index(axis) - 1 for axis in range(1, len(perm))]
        stored = rows.transpose(*back, len(sizes)).reshape(matrix.shape)
        node.inputs[1] = self._new_weights(node.inputs[1], stored)
        reshape.inputs[0] = turned.inputs[0]

    def _new_weights(self, old: str, array: Array) -> str:
        """The same node with another array if nobody else reads it; else a new one."""
        if len(self.readers.get(old, ())) == 1:
            self.graph.replace_weight(old, array)
            return old
        name = self.graph.const(array, old)
        self.readers.setdefault(name, []).extend(["", ""])
        return name

    # --- what follows a linear operation

    def _take_chain(self, node: TfNode) -> None:
        weights = self.graph.weights[node.inputs[1]]
        channels = math.prod(weights.shape[2:]) if node.op == "DepthwiseConv2dNative" else weights.shape[-1]
        chain = self._chain(node, channels)
        if not chain.last:
            return
        if np.any(chain.scale != 1):
            scale = chain.scale.reshape(weights.shape[2:]) if node.op == "DepthwiseConv2dNative" else chain.scale
            out = weights if self._is_free(node.inputs[1]) else np.empty_like(weights)
            scaled = np.multiply(weights, scale, out=out, casting="same_kind")
            node.inputs[1] = self._new_weights(node.inputs[1], scaled)
        self._replace(node, chain)

    def _is_free(self, name: str) -> bool:
        """Whether a large array may be overwritten; small ones are not worth the search."""
        array = self.graph.weights[name]
        if not self.owned or array.nbytes < _LARGE or not array.flags.writeable or len(self.readers[name]) != 1:
            return False
        others = (other for key, other in self.graph.weights.items() if key != name)
        return not any(np.may_share_memory(array, other) for other in others)

    def _chain(self, node: TfNode, channels: int) -> _Chain:
        chain = _Chain(node.op, node.name, np.ones(channels), np.zeros(channels))
        while chain.activation is None:
            readers = self.readers.get(chain.at, [])
            if len(readers) != 1 or chain.at in self.outputs:
                break
            reader = self.graph.nodes[readers[0]]
            if not self._takes(chain, reader, channels):
                break
            chain.at = reader.name
        return chain

    def _takes(self, chain: _Chain, reader: TfNode, channels: int) -> bool:
        """Adds the node to the chain if it works channel by channel."""
        if reader.op in ("Reshape", "Squeeze") and chain.passed is None and reader.inputs[0] == chain.at:
            # Only a reshape that leaves the channels alone.
            same = reader.shape is not None and reader.shape[-1:] == (channels,)
            chain.passed = reader if same else None
            return same
        if reader.op in ("Mul", "AddV2", "Sub"):
            taken = self._takes_constant(chain, reader, channels)
        else:
            taken = self._takes_activation(chain, reader, channels)
        if taken:
            chain.last, chain.reshape = reader.name, chain.passed
        return taken

    def _takes_constant(self, chain: _Chain, reader: TfNode, channels: int) -> bool:
        if chain.at not in reader.inputs:
            return False
        place = reader.inputs.index(chain.at)
        other = self.graph.weights.get(reader.inputs[1 - place])
        vector = None if other is None else _per_channel(other, channels)
        if vector is None or (reader.op == "Sub" and place == 1):
            return False
        if reader.op == "Mul":
            chain.scale, chain.shift = chain.scale * vector, chain.shift * vector
        else:
            chain.shift = chain.shift + (vector if reader.op == "AddV2" else -vector)
        return True

    def _takes_activation(self, chain: _Chain, reader: TfNode, channels: int) -> bool:
        if reader.op not in _ACTIVATIONS or reader.inputs[0] != chain.at:
            return False
        if reader.op == "LeakyRelu" and chain.op == "DepthwiseConv2dNative":
            return False  # TensorFlow.js does not read the slope there.
        if reader.op == "Prelu":
            slope = self.graph.weights.get(reader.inputs[1])
            chain.slope = None if slope is None else _per_channel(slope, channels)
            if chain.slope is None:
                return False
        chain.activation = reader
        return True

    def _merge_affine(self, node: TfNode) -> None:
        """Three or more factors and summands in a row become one of each."""
        source = next((name for name in node.inputs if name not in self.graph.weights), None)
        channels = node.shape[-1] if node.shape else None
        if source is None or not isinstance(channels, int):
            return
        chain = _Chain(node.op, source, np.ones(channels), np.zeros(channels))
        reader, taken = node, []
        while reader.shape == node.shape and reader.op in ("Mul", "AddV2", "Sub"):
            if not self._takes_constant(chain, reader, channels):
                break
            taken.append(reader.name)
            chain.at = reader.name
            readers = self.readers.get(reader.name, [])
            if len(readers) != 1 or reader.name in self.outputs:
                break
            reader = self.graph.nodes[readers[0]]
        if len(taken) > 2:
            self._write_affine(source, chain, taken[0])

    def _write_affine(self, source: str, chain: _Chain, first: str) -> None:
        graph = self.graph
        shape = graph.nodes[chain.at].shape
        factor = graph.const(chain.scale.astype(np.float32), f"{first}/factor")
        summand = graph.const(chain.shift.astype(np.float32), f"{first}/summand")
        graph.nodes[first] = TfNode(first, "Mul", [source, factor], {"T": Kind.FLOAT}, shape)
        graph.nodes[chain.at] = TfNode(chain.at, "AddV2", [first, summand], {"T": Kind.FLOAT}, shape)

    def _replace(self, node: TfNode, chain: _Chain) -> None:
        """One fused node in place of the chain, and behind it the reshape that stood within."""
        graph, last = self.graph, self.graph.nodes[chain.last]
        names = [graph.const(chain.shift.astype(np.float32), f"{node.name}/bias")]
        attributes: dict[str, Attribute] = {**node.attributes, "num_args": 1, "epsilon": 0.0, "fused_ops": ["BiasAdd"]}
        if chain.activation is not None:
            attributes["fused_ops"] = ["BiasAdd", chain.activation.op]
            if chain.activation.op == "LeakyRelu":
                attributes["leakyrelu_alpha"] = chain.activation.attributes["alpha"]
        if chain.slope is not None:
            names.append(graph.const(chain.slope.astype(np.float32), f"{node.name}/slope"))
            attributes["num_args"] = 2
        inputs = [*node.inputs, *names]
        if chain.reshape is None:
            graph.nodes[last.name] = TfNode(last.name, _LINEAR[node.op], inputs, attributes, last.shape)
            return
        fused = graph.add(_LINEAR[node.op], inputs, node.name, attributes)
        reshape = chain.reshape
        graph.nodes[last.name] = TfNode(
            last.name, reshape.op, [fused, *reshape.inputs[1:]], dict(reshape.attributes), reshape.shape
        )


def _per_channel(array: Array, channels: int) -> Array | None:
    """One float64 number per channel, if the array varies along its last axis only."""
    if array.dtype.kind != "f" or array.size not in (1, channels) or (array.size > 1 and array.shape[-1] != channels):
        return None
    return np.broadcast_to(array.reshape(-1).astype(np.float64), (channels,))
