"""TensorFlow's own messages as the `Graph` that graph_judge reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

from tfworker.graph_judge import Graph, Node


def is_stateful() -> dict[str, bool]:
    """Every operation of this TensorFlow."""
    known = op_def_pb2.OpList()
    known.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {op.name: op.is_stateful for op in known.op}


def of_graph(graph_def: Any) -> Graph:  # noqa: ANN401
    """A graph on its own, all of which may run."""
    nodes = _nodes(graph_def.node)
    functions = _functions(graph_def)
    return Graph(nodes, functions, runs=tuple(node.name for node in nodes), entries=tuple(functions))


def of_saved_model(saved_model: Any) -> Iterator[Graph]:  # noqa: ANN401
    """One graph for each set of tags."""
    for meta in saved_model.meta_graphs:
        entries = tuple(meta.object_graph_def.concrete_functions)
        yield Graph(
            _nodes(meta.graph_def.node),
            _functions(meta.graph_def),
            runs=tuple(_runs(meta)),
            restores=tuple(map(_node_name, [meta.saver_def.restore_op_name] if meta.HasField("saver_def") else [])),
            entries=entries,
        )


def _runs(meta: Any) -> Iterator[str]:  # noqa: ANN401
    """Nodes that the signatures give, and those that a loader runs first."""
    for signature in meta.signature_def.values():
        for tensor in (*signature.inputs.values(), *signature.outputs.values()):
            yield _node_name(tensor.name)
    for collection in meta.collection_def.values():
        yield from map(_node_name, collection.node_list.value)


def _node_name(text: str) -> str:
    """`^a/b:0` → `a/b`."""
    return text.removeprefix("^").partition(":")[0]


def _functions(graph_def: Any) -> dict[str, tuple[Node, ...]]:  # noqa: ANN401
    return {function.signature.name: _nodes(function.node_def) for function in graph_def.library.function}


def _nodes(nodes: Iterable[Any]) -> tuple[Node, ...]:
    return tuple(Node(node.name, node.op, tuple(map(_node_name, node.input)), tuple(_calls(node))) for node in nodes)


def _calls(node: Any) -> Iterator[str]:  # noqa: ANN401
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        yield from (function.name for function in value.list.func)
