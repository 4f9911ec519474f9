"""What the browser should not have to know, built into a graph model: normalization, softmax, input size.

Each pass gives a new model and leaves the old one as it is. It records itself in `userDefinedMetadata.tfjsForUnity`, so
that nobody normalizes twice. Raises CANNOT_BAKE where the result would not be the same function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from builder.convert.model import ConvertedModel
from builder.convert.surgery import (
    FLOAT,
    Node,
    Surgery,
    fused_ops,
    is_float,
    is_of,
    shape_of,
    tensor_node,
    text_attribute,
)

Layout = Literal["NHWC", "NCHW"]
_CHANNELS = (1, 3, 4)
_DEEP = ("DepthwiseConv2dNative", "FusedDepthwiseConv2dNative")
_CONVOLUTIONS = ("Conv2D", "_FusedConv2D", *_DEEP)


# --- normalization ------------------------------------------------------------------------------------------------


def bake_normalize(
    model: ConvertedModel,
    scale: float,
    mean: Sequence[float],
    std: Sequence[float],
    input: str | None = None,
    *,
    layout: Layout = "NHWC",
) -> ConvertedModel:
    """The model for levels of 0..255: `(value * scale - mean) / std` per channel becomes part of it.

    The factor goes into the first convolutions. So does the shift where nothing is padded; padding is zero only after
    the shift, so that otherwise one subtraction stays in front. `mean` and `std` have one value, or one per channel.
    """
    graph = Surgery(model, "the normalization")
    place = graph.placeholder(input)
    if graph.recorded("normalization"):
        graph.refuse("one is baked in already")
    if not is_float(place):
        graph.refuse(f"its input {place['name']!r} takes whole numbers, so it normalizes them itself")
    factor, level = _numbers(graph, _channels(graph, place, layout), scale, mean, std)
    convolutions = _first_convolutions(graph, place) if layout == "NHWC" else None
    if convolutions is None:
        along = (-1,) if layout == "NHWC" else (-1, 1, 1)
        _in_nodes(graph, place, factor.reshape(along), level.reshape(along))
    else:
        _into_convolutions(graph, place, convolutions, factor, level)
    graph.record(normalization={"scale": scale, "mean": [float(m) for m in mean], "std": [float(s) for s in std]})
    return graph.done()


def _channels(graph: Surgery, place: Node, layout: Layout) -> int:
    shape = shape_of(place)
    channels = shape[3 if layout == "NHWC" else 1] if shape is not None and len(shape) == 4 else -1
    if channels < 1:
        graph.refuse(f"its input {place['name']!r} is no picture of a known number of channels")
    return channels


def _numbers(
    graph: Surgery, channels: int, scale: float, mean: Sequence[float], std: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(factor, level), one each per channel: `factor * (value - level)` is the normalization."""
    means, deviations = np.asarray(mean, np.float64), np.asarray(std, np.float64)
    if not {len(means), len(deviations)} <= {1, channels}:
        graph.refuse(f"mean and std have {len(means)} and {len(deviations)} values, the input has {channels} channels")
    if not (scale > 0 and (deviations > 0).all() and np.isfinite([scale, *means, *deviations]).all()):
        graph.refuse("scale and std must be above 0, and all numbers finite")
    return np.broadcast_to(scale / deviations, channels), np.broadcast_to(means / scale, channels)


def _first_convolutions(graph: Surgery, place: Node) -> list[Node] | None:
    """The readers of the input, if all are convolutions with kernels of their own; else None."""
    readers = graph.readers(place["name"])
    fit = all(
        node["op"] in _CONVOLUTIONS
        and is_of(node["input"][0], place["name"])
        and text_attribute(node, "data_format") != "NCHW"
        and graph.own_constant(node["input"][1]) is not None
        for node in readers
    )
    given_out = any(is_of(name, place["name"]) for name in graph.outputs())
    return readers if readers and fit and not given_out else None


def _in_nodes(graph: Surgery, place: Node, factor: NDArray[np.float64], level: NDArray[np.float64]) -> None:
    readers, last = graph.readers(place["name"]), place
    if level.any():
        last = _arithmetic(graph, last, "Sub", level, readers)
    if (factor != 1).any():
        _arithmetic(graph, last, "Mul", factor, readers)


def _arithmetic(graph: Surgery, source: Node, op: str, values: NDArray[np.float64], readers: Sequence[Node]) -> Node:
    """An operation with one number per channel, between `source` and those readers."""
    hint = f"normalize/{op.lower()}"
    constant = graph.add_constant(source, f"{hint}/value", values.astype(np.float32))
    made = graph.add(source, op, hint, source["name"], constant, T=FLOAT)
    graph.rewire(source["name"], made["name"], readers)
    return made


def _into_convolutions(
    graph: Surgery, place: Node, nodes: list[Node], factor: NDArray[np.float64], level: NDArray[np.float64]
) -> None:
    for node in nodes:
        name = tensor_node(node["input"][1])
        graph.weights[name] = (graph.weights[name] * factor[:, None]).astype(np.float32)
    rest = [node for node in nodes if level.any() and not _shift_into_bias(graph, node, level)]
    if rest:
        _arithmetic(graph, place, "Sub", level, rest)


def _shift_into_bias(graph: Surgery, node: Node, level: NDArray[np.float64]) -> bool:
    """Moves the shift into the bias behind an unpadded convolution; False where there is none."""
    bias = _bias(graph, node)
    kernel = graph.weights[tensor_node(node["input"][1])].astype(np.float64)
    if bias is None or not _is_unpadded(node, kernel.shape):
        return False
    # A depthwise kernel [h, w, in, multiplier] gives its channels in the order of [in, multiplier].
    moved = np.einsum("hwcm,c->cm" if node["op"] in _DEEP else "hwcm,c->m", kernel, level).reshape(-1)
    graph.weights[bias] = (graph.weights[bias] - moved).astype(np.float32)
    return True


def _is_unpadded(node: Node, shape: tuple[int, ...]) -> bool:
    padding = text_attribute(node, "padding")
    return padding == "VALID" or (padding == "SAME" and shape[:2] == (1, 1))


def _bias(graph: Surgery, node: Node) -> str | None:
    """The constant [channels] that is added to what a convolution gives, and to nothing else."""
    fused = fused_ops(node)
    if fused:
        name = node["input"][2] if fused[0] == "BiasAdd" and len(node["input"]) > 2 else None
    else:
        readers = graph.readers(node["name"])
        adds = len(readers) == 1 and readers[0]["op"] in ("BiasAdd", "Add", "AddV2")
        shown = any(is_of(output, node["name"]) for output in graph.outputs())
        name = (
            next((s for s in readers[0]["input"] if not is_of(s, node["name"])), None) if adds and not shown else None
        )
    value = graph.own_constant(name) if name else None
    return tensor_node(name) if name and value is not None and value.ndim == 1 and value.size > 1 else None


# --- softmax ------------------------------------------------------------------------------------------------------


def append_softmax(model: ConvertedModel, output: str | None = None) -> ConvertedModel:
    """The model whose `output` gives probabilities over the last axis instead of logits; without a name it
    is the only one."""
    graph = Surgery(model, "the softmax")
    entries = graph.signature("outputs")
    names = {key: str(info["name"]) for key, info in entries.items()} or {name: name for name in graph.outputs()}
    chosen = [key for key, name in names.items() if output is None or output in (key, name, tensor_node(name))]
    if len(chosen) != 1:
        text = f"it has no output {output!r}" if output else f"it has {len(names)} outputs, and none is named"
        graph.refuse(text)
    source = graph.node(names[chosen[0]])
    if source is None or ":" in names[chosen[0]].removesuffix(":0"):
        graph.refuse(f"its output {chosen[0]!r} is no first output of a node")
    if source["op"] in ("Softmax", "Sigmoid"):
        graph.refuse(f"its output {chosen[0]!r} ends in {source['op']} already")
    made = graph.add(source, "Softmax", "probabilities", source["name"], T=FLOAT)
    if entries:
        entries[chosen[0]]["name"] = f"{made['name']}:0"
    graph.record(softmax={"output": chosen[0] if entries else made["name"]})
    return graph.done()


# --- size ---------------------------------------------------------------------------------------------------------

# Operations that give maps of whatever size they get.
_ANY_SIZE = frozenset(
    """Identity Relu Relu6 Elu Selu LeakyRelu Sigmoid Tanh Softplus Exp Neg Abs Sqrt Rsqrt Square Cast BiasAdd Conv2D
    _FusedConv2D DepthwiseConv2dNative FusedDepthwiseConv2dNative MaxPool AvgPool FusedBatchNorm FusedBatchNormV2
    FusedBatchNormV3 Pad PadV2 Prelu ClipByValue StopGradient""".split()
)
_BINARY = frozenset({"Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum"})


def set_input_size(model: ConvertedModel, size: tuple[int, int] | None, input: str | None = None) -> ConvertedModel:
    """The model for pictures of `size` (width, height), or of any size where that is None; channels last.

    Refused where an operation between the picture and its global pooling depends on the size.
    """
    graph = Surgery(model, "the input size")
    place = graph.placeholder(input)
    shape = shape_of(place)
    if shape is None or len(shape) != 4:
        graph.refuse(f"its input {place['name']!r} has no four axes")
    if shape[3] not in _CHANNELS and shape[1] in _CHANNELS:
        graph.refuse(f"its input {place['name']!r} has its channels first; --channels-last turns it round")
    wanted = [size[1], size[0]] if size else [-1, -1]
    if any(old not in (-1, new) for old, new in zip(shape[1:3], wanted, strict=True)):
        _refuse_fixed(graph, place)
    graph.reshape_input(place, [shape[0], *wanted, shape[3]])
    graph.record(inputSize=list(size) if size else "any")
    return graph.done()


def _refuse_fixed(graph: Surgery, place: Node) -> None:
    """Follows the maps from the input until their places are gone; their stated shapes hold no more."""
    maps, waiting = {place["name"]}, [place]
    while waiting:
        name = waiting.pop()["name"]
        if any(tensor_node(output) == name for output in graph.outputs()):
            graph.refuse(f"its output {name!r} is a map, whose size is stated")
        for node in graph.readers(name):
            if node["name"] in maps or _pools(graph, node):
                continue
            if not _passes_maps(graph, node):
                graph.refuse(f"its operation {node['name']!r} ({node['op']}) is made for pictures of one size")
            node.get("attr", {}).pop("_output_shapes", None)
            maps.add(node["name"])
            waiting.append(node)


def _pools(graph: Surgery, node: Node) -> bool:
    """True for a mean or maximum over both axes of places."""
    axes = graph.constant(node["input"][1]) if node["op"] in ("Mean", "Max") else None
    return axes is not None and sorted(axis % 4 for axis in np.atleast_1d(axes).tolist()) == [1, 2]


def _passes_maps(graph: Surgery, node: Node) -> bool:
    if node["op"] in _BINARY:
        constants = [value for source in node["input"] if (value := graph.constant(source)) is not None]
        return all(value.ndim < 2 or set(value.shape[-3:-1]) <= {1} for value in constants)
    if node["op"] == "ConcatV2":
        axis = graph.constant(node["input"][-1])
        return axis is not None and int(axis) in (3, -1)
    return node["op"] in _ANY_SIZE and text_attribute(node, "data_format") != "NCHW"
