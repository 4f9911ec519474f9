"""Frozen graphs of TensorFlow 1: a GraphDef in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import graph_pb2

from tfworker import graph_judge, graph_protos
from tfworker.limits import read_bytes
from tfworker.refusal import Refused, refuse_unsafe
from tfworker.source import Arrays, Frozen, Tensor, cast

_NO_OUTPUT = {"Const", "Placeholder", "NoOp", "Assert"}


def read(path: Path, kind: str) -> FrozenSource:
    """Judges the operations, then imports the graph."""
    graph_def = graph_pb2.GraphDef()
    try:
        graph_def.ParseFromString(read_bytes(path))
    except DecodeError:
        raise Refused("it is damaged: no GraphDef can be read from it") from None
    refuse_unsafe(graph_judge.refusals(graph_protos.of_graph(graph_def), graph_protos.is_stateful()))
    if any(node.op in ("VariableV2", "Variable", "VarHandleOp") for node in graph_def.node):
        raise Refused("it still has variables, whose values are in another file: freeze it first")
    return FrozenSource(graph_def)


class FrozenSource:
    """Placeholders are the inputs; what nobody consumes are the outputs."""

    def __init__(self, graph_def: Any) -> None:  # noqa: ANN401
        self._graph = tf.Graph()
        with self._graph.as_default():
            tf.import_graph_def(graph_def, name="")
        operations = self._graph.get_operations()
        self._inputs = {op.name: op.outputs[0] for op in operations if op.type == "Placeholder"}
        self._outputs = dict(_results(operations))
        self.inputs = tuple(Tensor.of(name, tensor) for name, tensor in self._inputs.items())
        self.outputs = tuple(Tensor.of(name, tensor) for name, tensor in self._outputs.items())

    def predict(self, arrays: Arrays) -> Arrays:
        feed = {self._inputs[name]: array for name, array in cast(arrays, self.inputs).items()}
        with tf.compat.v1.Session(graph=self._graph) as session:
            results: Arrays = session.run(self._outputs, feed_dict=feed)
        return results

    def freeze(self) -> Frozen:
        return Frozen(self._graph, self._inputs, self._outputs)


def _results(operations: list[Any]) -> Iterator[tuple[str, Any]]:
    """The tensors of each operation that feeds no other; `name:1` for all but an operation's first."""
    for op in operations:
        if op.type not in _NO_OUTPUT and not any(tensor.consumers() for tensor in op.outputs):
            for index, tensor in enumerate(op.outputs):
                yield (op.name if index == 0 else tensor.name), tensor
