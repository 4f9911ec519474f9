"""Grouped convolutions: TensorFlow.js has none, so each becomes one convolution for each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from builder.convert.from_onnx.graph import Attribute, TfGraph, TfNode
from builder.convert.from_onnx.tensors import Array, Kind

GROUPED = "GroupedConv2D"
FUSED_GROUPED = "_FusedGroupedConv2D"
_ONE = {GROUPED: "Conv2D", FUSED_GROUPED: "_FusedConv2D"}


def expand_groups(graph: TfGraph) -> None:
    """Split, a convolution for each group, ConcatV2: in place of every grouped one."""
    for node in list(graph.nodes.values()):
        if node.op in _ONE:
            _expand(graph, node)


def _expand(graph: TfGraph, node: TfNode) -> None:
    groups = node.attributes.pop("groups")
    assert isinstance(groups, int)
    axis = graph.const(np.asarray(3, np.int32), f"{node.name}/axis")
    split = graph.add("Split", [axis, node.inputs[0]], f"{node.name}/split", {"T": Kind.FLOAT, "num_split": groups})
    shared = [np.split(graph.weights[name], groups, -1) for name in node.inputs[1:]]
    parts = [
        _part(graph, node, f"{split}:{index}" if index else split, [arrays[index] for arrays in shared])
        for index in range(groups)
    ]
    attributes: Mapping[str, Attribute] = {"T": Kind.FLOAT, "N": groups, "Tidx": Kind.INT}
    graph.nodes[node.name] = TfNode(node.name, "ConcatV2", [*parts, axis], dict(attributes), node.shape)


def _part(graph: TfGraph, node: TfNode, source: str, arrays: Sequence[Array]) -> str:
    names = [graph.const(array, f"{node.name}/part") for array in arrays]
    return graph.add(_ONE[node.op], [source, *names], f"{node.name}/group", node.attributes)
