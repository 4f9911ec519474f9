"""What every task decides about a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from builder.errors import Problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.resolve.options import Options
from builder.spec import ModelSpec, Task

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """`problems`: why outputs, labels and options do not fit. Only where there are none: `outputs`, those that the task
    reads, in its order; `task`, its part of the specification; `remarks`, what the user should know about decisions
    that followed from the model. `placeholders` stand in for labels that are missing or bad, so that the other problems
    are found too."""

    problems: Callable[[ModelFacts, Labels, Options], Iterator[Problem]]
    placeholders: Callable[[ModelFacts, Options], Labels]
    outputs: Callable[[ModelFacts, Options], tuple[TensorFacts, ...]]
    task: Callable[[ModelFacts, Labels, Options], Task]
    remarks: Callable[[ModelFacts, ModelSpec], Iterator[str]]
