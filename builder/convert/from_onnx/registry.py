"""The table of rules: one per ONNX operator, with what it knows of that operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from builder.convert.from_onnx.node import Node
from builder.convert.from_onnx.tensors import Value

Result = Value | Sequence[Value]
Run = Callable[[Node], Result]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one operator is converted, and the allow-list of forms that the rule knows.

    `versions` are the opsets in which ONNX changed the operator, as far as the rule follows; `attributes` all that it
    reads; `inputs` and `outputs` the most that it takes.
    """

    op: str
    versions: frozenset[int]
    attributes: frozenset[str]
    inputs: int
    outputs: int
    run: Run


RULES: dict[str, Rule] = {}
ANY_NUMBER = 1 << 16


def rule(
    op: str, versions: Sequence[int], attributes: str = "", *, inputs: int = 1, outputs: int = 1
) -> Callable[[Run], Run]:
    """Registers a rule; `attributes` are names with spaces between."""

    def register(run: Run) -> Run:
        assert op not in RULES, op
        RULES[op] = Rule(op, frozenset(versions), frozenset(attributes.split()), inputs, outputs, run)
        return run

    return register
