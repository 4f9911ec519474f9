"""What is wrong between the nodes of a graph and its weights, and would show in the browser only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

from builder.inputs.jsonfile import printable

if TYPE_CHECKING:
    from builder.inputs.graph_model import Graph, Node

# The operations of TensorFlow.js 4.22, besides those that only text and decision forests need.
KNOWN_OPS = frozenset(
    """Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool AvgPool3D BatchMatMul
    BatchMatMulV2 BatchToSpaceND BiasAdd Bincount BitwiseAnd BroadcastArgs BroadcastTo Cast Ceil ClipByValue Complex
    ComplexAbs Concat ConcatV2 Const Conv1D Conv2D Conv2DBackpropInput Conv3D Cos Cosh CropAndResize Cumprod Cumsum
    DenseBincount DepthToSpace DepthwiseConv2d DepthwiseConv2dNative Dilation2D Div DivNoNan Einsum Elu EmptyTensorList
    EnsureShape Enter Equal Erf EuclideanNorm Exit Exp ExpandDims Expm1 FFT FakeQuantWithMinMaxVars Fill Floor FloorDiv
    FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 FusedDepthwiseConv2dNative Gather GatherNd GatherV2
    Greater GreaterEqual HashTable HashTableV2 IFFT IRFFT Identity IdentityN If Imag ImageProjectiveTransformV3
    InitializeTable InitializeTableV2 IsFinite IsInf IsNan LRN LeakyRelu Less LessEqual LinSpace ListDiff Log Log1p
    LogSoftmax LogicalAnd LogicalNot LogicalOr LookupTableFind LookupTableFindV2 LookupTableImport LookupTableImportV2
    LookupTableSize LookupTableSizeV2 LoopCond LowerBound MatMul MatrixBandPart Max MaxPool MaxPool3D MaxPoolWithArgmax
    Maximum Mean Merge Min Minimum MirrorPad Mod Mul Multinomial Neg NextIteration NoOp NonMaxSuppressionV2
    NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual OneHot Ones OnesLike Pack Pad PadV2 Placeholder
    PlaceholderWithDefault Pow Prelu Print Prod RFFT RaggedGather RaggedRange RaggedTensorToTensor RandomStandardNormal
    RandomUniform RandomUniformInt Range Rank Real RealDiv Reciprocal Relu Relu6 Reshape ResizeBilinear
    ResizeNearestNeighbor Reverse ReverseV2 Round Rsqrt ScatterNd Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin
    Sinh Size Slice Snapshot Softmax Softplus SpaceToBatchND SparseFillEmptyRows SparseReshape SparseSegmentMean
    SparseSegmentSum SparseToDense Split SplitV Sqrt Square SquaredDifference Squeeze StatelessIf StatelessWhile
    StopGradient StridedSlice Sub Sum Switch Tan Tanh TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3
    TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3 TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3
    TensorListConcat TensorListConcatV2 TensorListFromTensor TensorListGather TensorListGetItem TensorListLength
    TensorListPopBack TensorListPushBack TensorListReserve TensorListResize TensorListScatter TensorListScatterV2
    TensorListSetItem TensorListSplit TensorListStack TensorScatterUpdate Tile TopKV2 Transpose TruncatedNormal Unique
    UniqueV2 Unpack UpperBound Where While Zeros ZerosLike _FusedConv2D _FusedMatMul""".split()
)
_LOOPS = frozenset({"NextIteration"})
# The kernel of each is its second input; how many axes it has, and which of them is as long as the maps are many.
_KERNELS = {
    "Conv2D": (4, 2),
    "_FusedConv2D": (4, 2),
    "DepthwiseConv2dNative": (4, 2),
    "DepthwiseConv2d": (4, 2),
    "FusedDepthwiseConv2dNative": (4, 2),
}
_DEPTHWISE = frozenset(name for name in _KERNELS if "Depthwise" in name)
# Inputs with one number for each channel.
_ONE_PER_CHANNEL: Mapping[str, tuple[int, ...]] = {
    "BiasAdd": (1,),
    **dict.fromkeys(("_FusedConv2D", "FusedDepthwiseConv2dNative"), (2,)),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), (1, 2, 3, 4)),
}
# What leaves the last axis as long as it was, whatever else it does.
_KEEPS_CHANNELS = frozenset(
    """Identity Relu Relu6 Elu Selu LeakyRelu Prelu Sigmoid Tanh BiasAdd FusedBatchNorm FusedBatchNormV2
    FusedBatchNormV3 MaxPool AvgPool Cast StopGradient Snapshot ResizeBilinear ResizeNearestNeighbor""".split()
)


class Flaw(NamedTuple):
    """`path` is where it stands below `modelTopology`; `reason` a clause."""

    path: tuple[str | int, ...]
    reason: str


def unknown_ops(graph: Graph, outputs: Iterable[str]) -> list[str]:
    """Operations on the way to the outputs that TensorFlow.js does not have; sorted."""
    return sorted({node.op for node in _needed(graph, outputs)} - KNOWN_OPS)


def flaws(graph: Graph, inputs: Mapping[str, int], outputs: Iterable[str]) -> Iterator[Flaw]:
    """Names that stand for nothing, cycles, and kernels that do not fit; `inputs` says how many channels pictures have,
    by placeholder."""
    places = {name: index for index, name in enumerate(graph.nodes)}
    lost = [flaw for node in graph.nodes.values() for flaw in _lost(graph, node, places[node.name])]
    yield from lost
    needed = _needed(graph, outputs)
    for node in needed:
        if node.op == "Const" and node.name not in graph.weights:
            yield Flaw(("node", places[node.name]), f"the constant {_said(node.name)} has no weight of that name")
    if lost:
        return
    if (cycle := _cycle(graph)) is not None:
        yield Flaw(("node",), f"its nodes wait for each other: {' → '.join(map(_said, cycle[:8]))}")
        return
    channels: dict[str, int | None] = dict(inputs)
    for node in needed:
        if reason := _misfit(graph, node, channels):
            yield Flaw(("node", places[node.name]), f"{node.op} {_said(node.name)}: {reason}")


def _said(name: str) -> str:
    return repr(printable(name, 60))


def _base(name: str) -> str:
    return name.lstrip("^").partition(":")[0]


def _lost(graph: Graph, node: Node, place: int) -> Iterator[Flaw]:
    for number, name in enumerate(node.input):
        if _base(name) not in graph.nodes:
            yield Flaw(("node", place, "input", number), f"it reads {_said(name)}, and no node is called so")


def _needed(graph: Graph, outputs: Iterable[str]) -> list[Node]:
    """The nodes behind the outputs, each after what it reads as far as there is no cycle."""
    found: dict[str, Node] = {}
    waiting = [(_base(name), False) for name in outputs]
    seen: set[str] = set()
    while waiting:
        name, ready = waiting.pop()
        node = graph.nodes.get(name)
        if node is None or (name in seen and not ready):
            continue
        if ready:
            found[name] = node
            continue
        seen.add(name)
        waiting.append((name, True))
        waiting += [(_base(source), False) for source in node.input]
    return list(found.values())


def _cycle(graph: Graph) -> list[str] | None:
    """Nodes that wait for each other, which only loops may."""
    if any(node.op in _LOOPS for node in graph.nodes.values()):
        return None
    try:
        TopologicalSorter({name: map(_base, node.input) for name, node in graph.nodes.items()}).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return None


def _misfit(graph: Graph, node: Node, channels: dict[str, int | None]) -> str | None:
    """Why its weights do not fit; notes in `channels` how many it gives, None where that is not known."""
    if node.data_format == "NCHW":
        return None
    source = graph.source(node)
    given = channels.get(source.name) if source else None
    kernel = graph.weight_shape(graph.source(node, 1)) if node.op in _KERNELS else None
    if kernel is not None:
        axes, fitting = _KERNELS[node.op]
        if len(kernel) != axes:
            return f"its kernel has the shape {kernel}; it takes {axes} axes"
        if given is not None and kernel[fitting] != given:
            return f"its kernel {kernel} is for {kernel[fitting]} channels, and {given} come"
        given = kernel[2] * kernel[3] if node.op in _DEPTHWISE else kernel[3]
    if kernel is not None or node.op in _KEEPS_CHANNELS:
        channels[node.name] = given
    for index in _ONE_PER_CHANNEL.get(node.op, ()):
        shape = graph.weight_shape(graph.source(node, index))
        if given is not None and shape is not None and len(shape) == 1 and shape[0] not in (1, given):
            return f"its input {index} has {shape[0]} numbers for {given} channels"
    return None
