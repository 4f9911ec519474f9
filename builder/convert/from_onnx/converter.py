"""Walks the ONNX graph: checks all nodes, then converts one after the other, then fuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from builder import __version__
from builder.convert.from_onnx import rules as _rules  # noqa: F401  registers all rules
from builder.convert.from_onnx.elements import computed
from builder.convert.from_onnx.emit import Emitter
from builder.convert.from_onnx.fold import FOLDS, MAX_TOTAL, folded, made
from builder.convert.from_onnx.fuse import fuse
from builder.convert.from_onnx.graph import Attribute, StoredShape, dims
from builder.convert.from_onnx.inputs import Input
from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.refusal import Refused, refuse, require, require_computable
from builder.convert.from_onnx.registry import RULES, Rule
from builder.convert.from_onnx.source import Source
from builder.convert.from_onnx.tensors import Constant, Order, Tensor, Value, channels_last, identity
from builder.convert.model import ConvertedModel
from builder.errors import ONNX_UNSUPPORTED, Problem, UserError, problem

if TYPE_CHECKING:
    from onnx import NodeProto

_CONSTANT_ATTRIBUTES = frozenset({"value", "value_float", "value_floats", "value_int", "value_ints"})


def converted(source: Source, inputs: Sequence[Input]) -> ConvertedModel:
    """The graph model; raises UserError with every node that cannot be converted."""
    reasons = [_form(source, node) for node in source.nodes]
    problems = [refusal(source, source.nodes[at], Refused(reason)) for at, reason in enumerate(reasons) if reason]
    walk = _Walk(source, inputs)
    problems += walk.problems([not reason for reason in reasons])
    if problems:
        raise UserError(problems)
    return walk.model()


# --- what can be said of a node without its inputs ------------------------------------------------------------------


def _form(source: Source, node: NodeProto) -> str:
    """Why this form of the operator is not known, or nothing."""
    if node.domain not in ("", "ai.onnx"):
        return f"operators of {node.domain} are not known"
    version = version_of(node.op_type, source.opset)
    if version is None:
        return "ONNX has no such operator"
    rule = RULES.get(node.op_type)
    if rule is None and node.op_type != "Constant":
        return "there is no rule for it"
    allowed = _CONSTANT_ATTRIBUTES if node.op_type == "Constant" else rule.attributes if rule else frozenset()
    if rule is not None:
        if version not in rule.versions:
            return f"its form of opset {version} is not known"
        if len(node.input) > rule.inputs or len(node.output) > rule.outputs:
            return "it has more inputs or outputs than known"
    unknown = sorted({attribute.name for attribute in node.attribute} - allowed)
    return f"its attribute {unknown[0]} is not known" if unknown else ""


def version_of(op: str, opset: int) -> int | None:
    """The opset in which ONNX last changed the operator; None if there is none of that name."""
    from onnx.defs import SchemaError, get_schema

    try:
        return int(get_schema(op, opset).since_version)
    except SchemaError:
        return None


def refusal(source: Source, node: NodeProto, error: Refused) -> Problem:
    name = repr(node.name or (node.output[0] if node.output else ""))
    return problem(ONNX_UNSUPPORTED, source.path, op=node.op_type, node=name, reason=error.reason, remedy=error.remedy)


# --- the walk -------------------------------------------------------------------------------------------------------


class _Walk:
    """Values by their ONNX name. What follows a node that was refused is left out, not reported again."""

    def __init__(self, source: Source, inputs: Sequence[Input]) -> None:
        self.source = source
        self.inputs = inputs
        self.emit = Emitter()
        self.values: dict[str, Value] = {}
        self.made = 0
        self.placeholders = {entry.name: self._placeholder(entry) for entry in inputs}
        self.values |= self.placeholders
        self.read = {name for node in source.nodes for name in node.input}
        self.read |= {output.name for output in source.graph.output}

    def _placeholder(self, entry: Input) -> Tensor:
        tensor = Tensor("", entry.shape, entry.order, entry.dtype)
        attributes: dict[str, Attribute] = {"dtype": tensor.kind, "shape": StoredShape(tensor.stored_shape)}
        name = self.emit.graph.add("Placeholder", [], entry.name, attributes)
        return self.emit.named(name, tensor)

    def problems(self, known: Sequence[bool]) -> list[Problem]:
        """Converts all nodes of a known form that an output depends on, and returns what is wrong with them."""
        found = []
        for node, good, needed in zip(self.source.nodes, known, self._needed(), strict=True):
            if good and needed:
                try:
                    self._convert(node)
                except Refused as error:
                    found.append(refusal(self.source, node, error))
                except ValueError as error:  # numpy, of constants whose shapes are at odds
                    found.append(refusal(self.source, node, Refused(f"its constants do not fit together ({error})")))
        return found

    def _needed(self) -> list[bool]:
        """For each node, whether an output depends on it."""
        names = {output.name for output in self.source.graph.output}
        found = []
        for node in reversed(self.source.nodes):
            found.append(not names.isdisjoint(node.output))
            if found[-1]:
                names.update(node.input)
        return found[::-1]

    def _convert(self, proto: NodeProto) -> None:
        if not all(self._has(name) for name in proto.input if name):
            return
        values = [self._value(name) if name else None for name in proto.input]
        self.emit.scope = next((name for name in proto.output if name), proto.op_type)
        version = version_of(proto.op_type, self.source.opset)
        assert version is not None
        node = Node(proto, version, values, self.emit)
        node.unread(self.read)
        results = self._results(node)
        for result in results:
            require_computable(result.shape)
        for name, result in zip(proto.output, results, strict=False):
            if name:
                self.values[name] = result

    def _results(self, node: Node) -> Sequence[Value]:
        result = folded(node)
        if result is not None:
            self.made += made(result)
            require(self.made <= MAX_TOTAL, f"all that is computed from constants has more than {MAX_TOTAL} elements")
            return result
        value = computed(node)
        if value is not None:
            return [value]
        rule: Rule | None = RULES.get(node.op)
        if rule is None:
            refuse("it is known for constants only" if node.op in FOLDS else "there is no rule for it")
        found = rule.run(node)
        return [found] if isinstance(found, (Tensor, Constant)) else found

    def _has(self, name: str) -> bool:
        return name in self.values or name in self.source.initializers

    def _value(self, name: str) -> Value:
        """Initializers are read when they are needed and not kept: most are needed once."""
        return self.values[name] if name in self.values else Constant(self.source.array(name))

    # --- the document

    def model(self) -> ConvertedModel:
        outputs = {output.name: self._output(output.name) for output in self.source.graph.output}
        graph = self.emit.graph
        fuse(graph, [tensor.name for tensor in outputs.values()], owned=True)
        orders = {
            "inputs": {name: list(tensor.order) for name, tensor in self.placeholders.items()},
            "outputs": {name: list(tensor.order) for name, tensor in outputs.items()},
        }
        document = {
            "format": "graph-model",
            "generatedBy": "ONNX",
            "convertedBy": f"tfjs-for-unity {__version__}",
            "signature": {"inputs": _infos(self.placeholders), "outputs": _infos(outputs)},
            "modelTopology": {"node": graph.documents(), "library": {}, "versions": {"producer": 1482}},
            "userDefinedMetadata": {"onnx": orders},
        }
        return ConvertedModel(document, graph.weights)

    def _output(self, name: str) -> Tensor:
        """Pictures come out channels last, unless the ONNX model itself takes them so."""
        self.emit.scope = name
        tensor = self.emit.lifted(self._value(name))
        plain = any(entry.order == identity(4) for entry in self.inputs)
        order: Order = identity(tensor.rank) if tensor.rank != 4 or plain else channels_last(4)
        return replace(tensor, name=self._node_of_its_own(self.emit.name(tensor, order), tensor), order=order)

    def _node_of_its_own(self, name: str, tensor: Tensor) -> str:
        """An output that is an input, a constant or the second output of a node gets an Identity."""
        node = self.emit.graph.nodes.get(name)
        if node is not None and node.op not in ("Placeholder", "Const"):
            return name
        return self.emit.op("Identity", [name], kind=tensor.kind)


def _infos(tensors: dict[str, Tensor]) -> dict[str, Any]:
    return {
        name: {"name": f"{tensor.name}:0", "dtype": tensor.kind.value, "tensorShape": dims(tensor.stored_shape)}
        for name, tensor in tensors.items()
    }
