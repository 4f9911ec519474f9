"""The operations of a TensorFlow graph, judged before any of it runs: none that reaches files, Python or the network.

TensorFlow marks operations with effects as stateful. Of those only variables, calls, loops and random numbers are
allowed, and never an operation that this TensorFlow does not know. A few that reach files bear no such mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

_ALLOWED_STATEFUL = frozenset(
    """
    VarHandleOp ReadVariableOp AssignVariableOp AssignAddVariableOp AssignSubVariableOp VarIsInitializedOp Variable
    VariableV2 DestroyResourceOp DisableCopyOnRead ResourceGather ResourceGatherNd
    StatefulPartitionedCall If While Case Assert CheckNumerics CheckNumericsV2
    RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal ParameterizedTruncatedNormal RandomShuffle
    Multinomial RngSkip RngReadAndSkip StatefulStandardNormalV2 StatefulUniform StatefulUniformInt
    StatefulTruncatedNormal NonDeterministicInts
    TensorArrayV3 TensorArrayGradV3 TensorArrayReadV3 TensorArrayWriteV3 TensorArraySizeV3 TensorArrayGatherV3
    TensorArrayScatterV3 TensorArrayConcatV3 TensorArraySplitV3 TensorArrayCloseV3
    StackV2 StackPushV2 StackPopV2 StackCloseV2
    """.split()
)
_UNMARKED = re.compile(
    r"ReadFile|MatchingFiles|ImmutableConst|PyFunc.*|EagerPyFunc|Debug.*|Copy|CopyHost|GenerateVocabRemapping"
    r"|InitializeTable.*|.*Dataset.*|.*Iterator.*|ShardedFilespec|SymbolicGradient"
)
# Every SavedModel has them, to save and restore its variables; where the model itself reaches them they are refused.
_SAVER = frozenset({"SaveV2", "MergeV2Checkpoints", "RestoreV2"})
_RESTORE = frozenset({"RestoreV2"})


@dataclass(frozen=True)
class Node:
    """`inputs` are names of nodes; `calls` are functions named in any attribute."""

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A graph and its library. Loaders and callers may run the nodes `runs`, `restores` and the functions `entries`."""

    nodes: tuple[Node, ...]
    functions: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)
    runs: tuple[str, ...] = ()
    restores: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


def refusals(graph: Graph, is_stateful: Mapping[str, bool]) -> list[str]:
    """Why the graph is not loaded, as clauses. `is_stateful` has every operation that this TensorFlow knows."""
    found = _judge(_everything(graph), graph, is_stateful, allowed=_SAVER)
    found += _judge(_reached(graph, graph.runs, graph.entries), graph, is_stateful, allowed=frozenset())
    found += _judge(_reached(graph, graph.restores, ()), graph, is_stateful, allowed=_RESTORE)
    return [*dict.fromkeys(found)]


def _everything(graph: Graph) -> Iterator[Node]:
    yield from graph.nodes
    for body in graph.functions.values():
        yield from body


def _reached(graph: Graph, roots: Iterable[str], entries: Iterable[str]) -> Iterator[Node]:
    """What runs when the nodes `roots` and the functions `entries` do. A function's whole body counts."""
    nodes, seen = {node.name: node for node in graph.nodes}, set[str]()
    waiting, calls = [*roots], [*entries]
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            yield nodes[name]
            waiting += nodes[name].inputs
            calls += (*nodes[name].calls, nodes[name].op)
    called = set[str]()
    while calls:
        name = calls.pop()
        if name in graph.functions and name not in called:
            called.add(name)
            for node in graph.functions[name]:
                yield node
                calls += (*node.calls, node.op)


def _judge(nodes: Iterable[Node], graph: Graph, is_stateful: Mapping[str, bool], *, allowed: Set[str]) -> list[str]:
    found = []
    for node in nodes:
        if node.op in allowed or node.op in graph.functions:
            continue
        if node.op not in is_stateful:
            found.append(f"it has the operation {node.op[:80]!r}, which this TensorFlow does not know")
        elif _UNMARKED.fullmatch(node.op) or (is_stateful[node.op] and node.op not in _ALLOWED_STATEFUL):
            found.append(f"its operation {node.op!r} reaches beyond the model: files, tables, Python or other machines")
    return found
