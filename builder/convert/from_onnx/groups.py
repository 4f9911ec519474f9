"""Grouped convolutions, which TensorFlow.js has none of.

Wide groups become one convolution each. Of narrow ones there are many, and a convolution of a few channels hardly keeps
a processor busy: they become one depthwise convolution that makes each input channel's part of each result, and a sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from builder.convert.from_onnx.graph import Attribute, TfGraph, TfNode
from builder.convert.from_onnx.tensors import Array, Kind

GROUPED = "GroupedConv2D"
FUSED_GROUPED = "_FusedGroupedConv2D"
_ONE = {GROUPED: "Conv2D", FUSED_GROUPED: "_FusedConv2D"}
# Channels of a group, in and out, up to which summing is faster: measured by `benchmarks.convert.grouped`.
NARROW = 8
_FUSED = ("num_args", "epsilon", "fused_ops", "leakyrelu_alpha")


def expand_groups(graph: TfGraph) -> None:
    """Operations of TensorFlow.js in place of every grouped one."""
    for node in list(graph.nodes.values()):
        if node.op in _ONE:
            groups = node.attributes.pop("groups")
            assert isinstance(groups, int)
            *_, inner, made = graph.weights[node.inputs[1]].shape
            expand = _summed if max(inner, made // groups) <= NARROW else _each
            expand(graph, node, groups)


# --- a convolution for each group -----------------------------------------------------------------------------------


def _each(graph: TfGraph, node: TfNode, groups: int) -> None:
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


# --- a depthwise convolution and a sum ------------------------------------------------------------------------------


def _summed(graph: TfGraph, node: TfNode, groups: int) -> None:
    """[n, h, w, groups * in] → [n, h, w, groups * in * out] → [n * h * w, groups, in, out] → its sum over `in`."""
    kernel = graph.weights[node.inputs[1]]
    height, width, inner, made = kernel.shape
    outer = made // groups
    parts = kernel.reshape(height, width, inner, groups, outer).transpose(0, 1, 3, 2, 4)
    weights = graph.const(parts.reshape(height, width, groups * inner, outer), f"{node.name}/parts")
    plain = {name: value for name, value in node.attributes.items() if name not in _FUSED}
    x = graph.add("DepthwiseConv2dNative", [node.inputs[0], weights], f"{node.name}/each", plain)
    split = graph.const(np.asarray([-1, groups, inner, outer], np.int32), f"{node.name}/split")
    split = graph.add("Reshape", [x, split], f"{node.name}/rows", {"T": Kind.FLOAT, "Tshape": Kind.INT})
    axis = graph.const(np.asarray([2], np.int32), f"{node.name}/axis")
    given: Mapping[str, Attribute] = {"T": Kind.FLOAT, "Tidx": Kind.INT, "keep_dims": False}
    total = graph.add("Sum", [split, axis], f"{node.name}/sum", given)
    _finished(graph, node, [total, _shape(graph, node, x, made)])


def _shape(graph: TfGraph, node: TfNode, x: str, channels: int) -> str:
    """The shape of the result: that of `x`, with so many channels."""
    dims = [dim if isinstance(dim, int) else -1 for dim in node.shape or ()]
    if dims and dims.count(-1) <= 1:
        return graph.const(np.asarray(dims, np.int32), f"{node.name}/shape")
    found = graph.add("Shape", [x], f"{node.name}/sizes", {"T": Kind.FLOAT, "out_type": Kind.INT})
    numbers = [
        graph.const(np.asarray(values, np.int32), f"{node.name}/bound") for values in ([0], [3], [1], [channels])
    ]
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    given: Mapping[str, Attribute] = {"T": Kind.INT, "Index": Kind.INT, **masks}
    leading = graph.add("StridedSlice", [found, *numbers[:3]], f"{node.name}/leading", given)
    axis = graph.const(np.asarray(0, np.int32), f"{node.name}/first")
    joined: Mapping[str, Attribute] = {"T": Kind.INT, "N": 2, "Tidx": Kind.INT}
    return graph.add("ConcatV2", [leading, numbers[3], axis], f"{node.name}/shape", joined)


def _finished(graph: TfGraph, node: TfNode, reshaped: list[str]) -> None:
    """`reshaped`, bias and activation as operations of their own; the last one takes the node's place."""
    steps: list[tuple[str, list[str], dict[str, Attribute]]] = [
        ("Reshape", reshaped, {"T": Kind.FLOAT, "Tshape": Kind.INT})
    ]
    fused = node.attributes.get("fused_ops", ())
    assert isinstance(fused, Sequence)
    for op, given in zip(fused, [[node.inputs[2]], node.inputs[3:]] if fused else [], strict=False):
        slope = {"alpha": node.attributes["leakyrelu_alpha"]} if op == "LeakyRelu" else {}
        steps.append(("AddV2" if op == "BiasAdd" else str(op), given, {"T": Kind.FLOAT, **slope}))
    name = ""
    for op, given, attributes in steps[:-1]:
        name = graph.add(op, [name, *given] if name else given, f"{node.name}/{op}", attributes)
    op, given, attributes = steps[-1]
    graph.nodes[node.name] = TfNode(node.name, op, [name, *given] if name else given, attributes, node.shape)
