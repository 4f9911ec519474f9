"""Graphs that are loaded, and graphs that are refused before any of them runs."""

from __future__ import annotations

import pytest
from tfworker.graph_judge import Graph, Node, refusals

# As TensorFlow 2.15 marks them.
STATEFUL = {
    "Placeholder": False,
    "Const": False,
    "MatMul": False,
    "Identity": False,
    "NoOp": False,
    "ReadFile": False,
    "ImmutableConst": False,
    "PyFuncStateless": False,
    "DebugIdentity": False,
    "PartitionedCall": False,
    "VarHandleOp": True,
    "ReadVariableOp": True,
    "StatefulPartitionedCall": True,
    "WriteFile": True,
    "PyFunc": True,
    "EagerPyFunc": True,
    "PrintV2": True,
    "HashTableV2": True,
    "TextLineDataset": True,
    "SaveV2": True,
    "RestoreV2": True,
    "MergeV2Checkpoints": True,
}
NET = (Node("x", "Placeholder"), Node("w", "ReadVariableOp"), Node("y", "MatMul", ("x", "w")))


def graph(*nodes: Node, runs: tuple[str, ...] = ("y",), **more: object) -> Graph:
    return Graph((*NET, *nodes), runs=runs, **more)  # type: ignore[arg-type]


def test_variables_and_arithmetic_are_loaded() -> None:
    assert refusals(graph(Node("call", "StatefulPartitionedCall", ("x",), ("f",))), STATEFUL) == []


@pytest.mark.parametrize(
    "op",
    "ReadFile ImmutableConst PyFuncStateless DebugIdentity WriteFile PyFunc EagerPyFunc PrintV2 HashTableV2 "
    "TextLineDataset".split(),
)
def test_operations_with_effects_are_refused_wherever_they_are(op: str) -> None:
    reason = f"its operation {op!r} reaches beyond the model: files, tables, Python or other machines"
    unused = Node("unused", op)
    assert refusals(graph(unused), STATEFUL) == [reason]
    assert refusals(graph(functions={"unused": (unused,)}), STATEFUL) == [reason]


def test_operations_that_nobody_knows_are_refused() -> None:
    assert refusals(graph(Node("z", "MyOp")), STATEFUL) == [
        "it has the operation 'MyOp', which this TensorFlow does not know"
    ]
    assert refusals(graph(Node("z", "f"), functions={"f": NET}), STATEFUL) == []


SAVE = (Node("name", "Placeholder"), Node("save", "StatefulPartitionedCall", ("name",), ("traced_save",)))
RESTORE = Node("restore", "StatefulPartitionedCall", ("name",), ("traced_restore",))
SAVER = {
    "traced_save": (Node("s", "SaveV2"), Node("m", "MergeV2Checkpoints")),
    "traced_restore": (Node("r", "RestoreV2"),),
}


def test_every_saved_model_may_save_and_restore_itself() -> None:
    assert refusals(graph(*SAVE, RESTORE, functions=SAVER, restores=("restore",)), STATEFUL) == []


def test_a_signature_that_saves_is_refused() -> None:
    found = graph(*SAVE, RESTORE, functions=SAVER, runs=("y", "save"), restores=("restore",))
    assert len(refusals(found, STATEFUL)) == 2
    through = graph(*SAVE, Node("out", "Identity", ("y", "save")), functions=SAVER, runs=("out",))
    assert len(refusals(through, STATEFUL)) == 2


def test_an_entry_function_that_saves_through_others_is_refused() -> None:
    functions = {
        **SAVER,
        "serve": (Node("a", "PartitionedCall", (), ("inner",)),),
        "inner": (Node("b", "traced_save"),),
    }
    assert len(refusals(graph(functions=functions, entries=("serve",)), STATEFUL)) == 2


def test_a_restore_that_saves_is_refused() -> None:
    assert len(refusals(graph(*SAVE, functions=SAVER, restores=("save",)), STATEFUL)) == 2


def test_circles_of_nodes_and_functions_come_to_an_end() -> None:
    functions = {"f": (Node("a", "g"),), "g": (Node("b", "f"),)}
    circle = (Node("p", "Identity", ("q",)), Node("q", "Identity", ("p",), ("f",)))
    assert refusals(graph(*circle, functions=functions, runs=("p",)), STATEFUL) == []
