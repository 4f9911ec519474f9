"""What every task decides about a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from builder.errors import Problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.resolve.options import Options
from builder.spec import ModelSpec, Task

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """What an output may be, in a few words, and the flags that say so. `certain`: nothing else looks like it."""

    what: str
    flags: str
    certain: bool


def _nothing(_: ModelFacts) -> tuple[Guess, ...]:
    return ()


def _none(_: ModelFacts, __: Options) -> Labels | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """`problems`: why outputs, labels and options do not fit. Only where there are none: `outputs`, those that the task
    reads, in its order; `task`, its part of the specification; `remarks`, what the user should know about decisions
    that followed from the model. `placeholders` stand in for labels that are missing or bad, so that the other problems
    are found too; `own_labels` are those of a model whose user need not give any, else None. `guesses`: what the
    outputs of a model whose user named no task look like."""

    problems: Callable[[ModelFacts, Labels, Options], Iterator[Problem]]
    placeholders: Callable[[ModelFacts, Options], Labels]
    outputs: Callable[[ModelFacts, Labels, Options], tuple[TensorFacts, ...]]
    task: Callable[[ModelFacts, Labels, Options], Task]
    remarks: Callable[[ModelFacts, ModelSpec], Iterator[str]]
    guesses: Callable[[ModelFacts], tuple[Guess, ...]] = _nothing
    own_labels: Callable[[ModelFacts, Options], Labels | None] = _none
