"""Graph models: TensorFlow's GraphDef as JSON → inputs, outputs and operations."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from builder.errors import NOT_A_MODEL, UserError, fail, problem
from builder.inputs.facts import Layout, Shape, Step, TensorFacts, TopologyFacts
from builder.inputs.graph_flaws import flaws, unknown_ops
from builder.inputs.jsonfile import MAX_PROBLEMS, json_where, printable, schema_problems
from builder.inputs.schema import MAX_ELEMENTS, Document, Foreign, Weight

_DTYPES = {"DT_HALF": "float16", "DT_FLOAT": "float32", "DT_DOUBLE": "float64"}
# Operations that TensorFlow.js runs only by executeAsync (its executor's control-flow and dynamic-shape lists).
ASYNC_OPS = frozenset(
    """Switch Merge Enter Exit NextIteration LoopCond StatelessIf StatelessWhile If While NonMaxSuppressionV2
    NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 Where HashTable HashTableV2 LookupTableFind
    LookupTableFindV2 LookupTableImport LookupTableImportV2 LookupTableSize LookupTableSizeV2""".split()
)
_STRUCTURAL = frozenset({"Const", "Placeholder", "NoOp"})
_SAME_AS_INPUT = frozenset(
    """Identity Softmax LogSoftmax Sigmoid Tanh Relu Relu6 Elu Selu LeakyRelu Prelu BiasAdd FusedBatchNorm
    FusedBatchNormV2 FusedBatchNormV3 Exp Neg Cast Add AddV2 Sub Mul RealDiv Div Maximum Minimum StopGradient
    Snapshot PreventGradient""".split()
)
_LOOK_THROUGH = frozenset(
    {"Identity", "Reshape", "Squeeze", "StopGradient", "Snapshot", "PreventGradient", "Cast", "Transpose"}
)
_PRODUCTS = frozenset({"MatMul", "_FusedMatMul"})
_CONVOLUTIONS = frozenset({"Conv2D", "_FusedConv2D"})
_POOLS = frozenset({"MaxPool", "AvgPool"})
_LINEAR = _PRODUCTS | _CONVOLUTIONS | {"BiasAdd", "Add", "AddV2"}
_MAX_STEPS = 64
# What a normalization inside the graph is made of, and what may stand between.
_ARITHMETIC = frozenset({"Sub", "Mul", "RealDiv", "Div", "Add", "AddV2"})
_CARRIERS = frozenset({"Cast", "Identity", "Transpose"})
_MAX_CHANNELS = 4


class Node(Foreign):
    """One operation; `input` names the nodes it reads, as `name`, `name:1` or `^name`."""

    name: str
    op: str
    input: list[str] = Field(default_factory=list)
    attr: dict[str, Any] = Field(default_factory=dict)

    @property
    def data_format(self) -> str:
        """`NHWC` or `NCHW`; empty for an operation that is not told."""
        text = _entry(self.attr.get("data_format"), "s")
        return text if text in ("NCHW", "NHWC") else _decoded(text)


class Dimension(Foreign):
    size: str | int = -1


class TensorShape(Foreign):
    dim: list[Dimension] = Field(default_factory=list)
    unknownRank: bool = False


class TensorInfo(Foreign):
    name: str = ""
    dtype: str | int = "DT_FLOAT"
    tensorShape: TensorShape | None = None


class Signature(Foreign):
    inputs: dict[str, TensorInfo] = Field(default_factory=dict)
    outputs: dict[str, TensorInfo] = Field(default_factory=dict)


class _Nodes(Foreign):
    node: list[Node] = Field(min_length=1)


class Graph:
    """The nodes by name, with the weights that `Const` nodes stand for."""

    def __init__(self, nodes: Iterable[Node], weights: Mapping[str, Weight]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.weights = weights

    def source(self, node: Node, index: int = 0) -> Node | None:
        """The node behind the data input number `index`."""
        data = [name for name in node.input if not name.startswith("^")]
        return self.nodes.get(data[index].partition(":")[0]) if index < len(data) else None

    def weight_shape(self, node: Node | None) -> list[int] | None:
        """The shape of a constant, looked up through Identity nodes."""
        name = self._weight_name(node)
        return self.weights[name].shape if name else None

    def _weight_name(self, node: Node | None) -> str | None:
        for _ in range(_MAX_STEPS):
            if node is None or node.op != "Identity":
                break
            node = self.source(node)
        return node.name if node and node.op == "Const" and node.name in self.weights else None

    def sinks(self) -> list[Node]:
        """Nodes that no other node reads."""
        read = {name.lstrip("^").partition(":")[0] for node in self.nodes.values() for name in node.input}
        return [node for node in self.nodes.values() if node.name not in read and node.op not in _STRUCTURAL]

    def output_shape(self, node: Node | None) -> Shape:
        """[-1, n] where the walk back from `node` meets a dense layer or a global pooling of n channels; else None."""
        pooled = False
        for _ in range(_MAX_STEPS):
            if node is None:
                return None
            shape = _listed_shape(node.attr.get("_output_shapes"))
            if shape is not None and not pooled:
                return shape
            if node.op in _PRODUCTS:
                return self._product_shape(node)
            if node.op in _CONVOLUTIONS:
                kernel = self.weight_shape(self.source(node, 1))
                rank_2 = (-1, kernel[3]) if kernel and len(kernel) == 4 else None
                return rank_2 if pooled else rank_2 and (-1, -1, -1, rank_2[1])
            pooled = pooled or self._pools_globally(node)
            passes = node.op in _SAME_AS_INPUT or self._pools_globally(node) or (pooled and node.op in _POOLS)
            node = self._data_source(node) if passes else None
        return None

    def _pools_globally(self, node: Node) -> bool:
        """True for a mean over two axes of four, which leaves [batch, channels]."""
        return node.op == "Mean" and not _flag(node, "keep_dims") and self.weight_shape(self.source(node, 1)) == [2]

    def _product_shape(self, node: Node) -> Shape:
        kernel = self.weight_shape(self.source(node, 1))
        return (-1, kernel[0 if _flag(node, "transpose_b") else 1]) if kernel and len(kernel) == 2 else None

    def _data_source(self, node: Node) -> Node | None:
        """The input that is no constant: `x + c` and `c + x` alike."""
        first, second = self.source(node), self.source(node, 1)
        return second if first is not None and self.weight_shape(first) is not None else first

    def leading(self) -> Iterator[Step]:
        """The arithmetic that the picture meets first: operations with a constant, up to the first of another kind."""
        node = next((node for node in self.nodes.values() if node.op == "Placeholder"), None)
        for _ in range(_MAX_STEPS):
            readers = self._readers(node.name) if node else []
            node = readers[0] if len(readers) == 1 else None
            if node is None or not (self._is_arithmetic(node) or node.op in _CARRIERS):
                return
            if node.op not in _CARRIERS:
                yield Step(node.op, self._constant(node))

    def _readers(self, name: str) -> list[Node]:
        return [node for node in self.nodes.values() if name in [source.partition(":")[0] for source in node.input]]

    def _is_arithmetic(self, node: Node) -> bool:
        """True for `x - c` and the like, with a constant of at most one value per channel."""
        name = self._constant(node)
        return node.op in _ARITHMETIC and name is not None and self.weights[name].elements <= _MAX_CHANNELS

    def _constant(self, node: Node) -> str | None:
        """The name of the one weight among the two that `node` reads."""
        found = [name for i in range(2) if (name := self._weight_name(self.source(node, i)))]
        return found[0] if len(found) == 1 else None

    def activation(self, node: Node | None) -> str:
        """The last operation before `node`, in lower case; `linear` for a dense layer without an activation."""
        for _ in range(_MAX_STEPS):
            if node is None:
                return "unknown"
            if node.op not in _LOOK_THROUGH:
                break
            node = self.source(node)
        if node is None:
            return "unknown"
        fused = [name for name in _fused_ops(node) if name != "BiasAdd"]
        return fused[-1].lower() if fused else "linear" if node.op in _LINEAR else node.op.lower()


def read_graph(document: Document, weights: Mapping[str, Weight], json_path: Path) -> TopologyFacts:
    """What the GraphDef and, where there is one, its signature say."""
    nodes = _nodes(document, json_path)
    graph = Graph(nodes, weights)
    signature = _signature(document, json_path)
    ends = [_node_of(name, info) for name, info in signature.outputs.items()] or [node.name for node in graph.sinks()]
    _refuse_flaws(graph, signature, ends, json_path)
    inputs = [_tensor(name, info) for name, info in signature.inputs.items()] or _placeholders(nodes)
    outputs = [_output(graph, name, info) for name, info in signature.outputs.items()] or [
        TensorFacts(node.name, graph.output_shape(node), "float32", graph.activation(node)) for node in graph.sinks()
    ]
    ops = Counter(node.op for node in nodes if node.op not in _STRUCTURAL)
    return TopologyFacts(
        format="graph-model",
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        ops=ops,
        data_format=_data_format(nodes),
        leading=tuple(graph.leading()),
        obstacles=(*_channels_first(nodes), *_unknown(graph, ends)),
    )


def _node_of(name: str, info: TensorInfo) -> str:
    """The node that an entry of the signature stands for."""
    return (info.name or name).partition(":")[0]


def _refuse_flaws(graph: Graph, signature: Signature, ends: Iterable[str], json_path: Path) -> None:
    """What TensorFlow.js would only find when it loads or runs the model."""
    starts = {_node_of(name, info): _tensor(name, info).shape for name, info in signature.inputs.items()}
    lost = [("outputs", name) for name in ends if name not in graph.nodes]
    if not graph.nodes.keys() & starts.keys():  # of several inputs, one that nothing reads may be gone
        lost += [("inputs", name) for name in starts]
    found = [
        problem(
            NOT_A_MODEL, json_where(json_path, ("signature", side)), reason=f"no node is called {printable(name)!r}"
        )
        for side, name in lost
    ]
    channels = {name: shape[3] for name, shape in starts.items() if shape and len(shape) == 4 and shape[3] > 0}
    for flaw in flaws(graph, channels, ends):
        place = json_where(json_path, ("modelTopology", *flaw.path))
        found.append(problem(NOT_A_MODEL, place, reason=flaw.reason))
    if found:
        raise UserError(found[:MAX_PROBLEMS])


def _unknown(graph: Graph, ends: Iterable[str]) -> tuple[str, ...]:
    found = unknown_ops(graph, ends)
    return (f"TensorFlow.js does not have its operations {printable(', '.join(found))}",) if found else ()


def _output(graph: Graph, name: str, info: TensorInfo) -> TensorFacts:
    """An output of the signature, whose shape, where it leaves the classes open, follows from the graph."""
    node, tensor = graph.nodes.get(info.name.partition(":")[0]), _tensor(name, info)
    shape = tensor.shape
    if shape is None or (len(shape) == 2 and shape[1] < 0):
        shape = graph.output_shape(node) or shape
    return replace(tensor, shape=shape, activation=graph.activation(node))


def _nodes(document: Document, json_path: Path) -> list[Node]:
    try:
        nodes = _Nodes.model_validate(document.modelTopology).node
    except ValidationError as error:
        raise UserError(schema_problems(error, json_path, NOT_A_MODEL, "modelTopology")) from None
    names = Counter(node.name for node in nodes)
    if len(names) < len(nodes):
        reason = f"two nodes are called {names.most_common(1)[0][0]!r}"
        raise fail(NOT_A_MODEL, json_where(json_path, ("modelTopology", "node")), reason=reason)
    return nodes


def _signature(document: Document, json_path: Path) -> Signature:
    """`signature`, or the one that older converters wrote into `userDefinedMetadata`."""
    value, prefix = document.signature, ["signature"]
    if not value:
        value, prefix = (document.userDefinedMetadata or {}).get("signature"), ["userDefinedMetadata", "signature"]
    try:
        return Signature.model_validate(value or {})
    except ValidationError as error:
        raise UserError(schema_problems(error, json_path, NOT_A_MODEL, *prefix)) from None


def _tensor(name: str, info: TensorInfo) -> TensorFacts:
    shape = None if info.tensorShape is None else shape_of(info.tensorShape)
    return TensorFacts(name, shape, _dtype(info.dtype))


def _placeholders(nodes: Iterable[Node]) -> list[TensorFacts]:
    return [
        TensorFacts(node.name, _shape_attribute(node.attr.get("shape")), _dtype(_entry(node.attr.get("dtype"), "type")))
        for node in nodes
        if node.op == "Placeholder"
    ]


def shape_of(shape: TensorShape) -> Shape:
    """Sizes as integers; they are strings in the JSON form of protocol buffers. Nonsense counts as unknown."""
    if shape.unknownRank:
        return None
    return tuple(_size(dimension.size) for dimension in shape.dim)


def _size(size: str | int) -> int:
    try:
        number = int(size)
    except ValueError:
        return -1
    return number if 0 < number <= MAX_ELEMENTS else -1


def _shape_attribute(attribute: object) -> Shape:
    try:
        value = _entry(attribute, "shape")
        return None if value is None else shape_of(TensorShape.model_validate(value))
    except ValidationError:
        return None


def _listed_shape(attribute: object) -> Shape:
    """The first shape of an `_output_shapes` attribute."""
    shapes = _entry(_entry(attribute, "list"), "shape")
    return _shape_attribute({"shape": shapes[0]}) if isinstance(shapes, list) and shapes else None


def _entry(value: object, key: str) -> Any:  # noqa: ANN401
    return value.get(key) if isinstance(value, dict) else None


def _flag(node: Node, name: str) -> bool:
    return _entry(node.attr.get(name), "b") is True


def _dtype(value: object) -> str:
    """`DT_FLOAT` → `float32`, `DT_UINT8` → `uint8`."""
    text = "DT_FLOAT" if value == 1 else str(value)
    return _DTYPES.get(text, text.removeprefix("DT_").lower())


def _decoded(value: object) -> str:
    """A `bytes` attribute: base64 in the JSON form of protocol buffers, plain text from some converters."""
    if not isinstance(value, str):
        return ""
    try:
        return base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value


def _fused_ops(node: Node) -> list[str]:
    values = _entry(_entry(node.attr.get("fused_ops"), "list"), "s")
    return [_decoded(value) for value in values] if isinstance(values, list) else []


def _data_format(nodes: Iterable[Node]) -> Layout | None:
    found = {node.data_format for node in nodes}
    return "NCHW" if "NCHW" in found else "NHWC" if "NHWC" in found else None


def _channels_first(nodes: Iterable[Node]) -> tuple[str, ...]:
    """TensorFlow.js refuses such operations on wasm, and computes some of them as if channels were last."""
    found = sorted({node.op for node in nodes if node.data_format == "NCHW"})
    return (f"TensorFlow.js cannot run its operations with channels first (NCHW): {', '.join(found)}",) if found else ()
