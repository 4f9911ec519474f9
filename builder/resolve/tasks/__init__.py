"""Facts and options → a task, one module for each."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import Problem
from builder.resolve.choices import choice_problems
from builder.resolve.options import Options
from builder.resolve.tasks.classification import CLASSIFICATION
from builder.resolve.tasks.kind import TaskKind

DEFAULT = "classification"
KINDS: dict[str, TaskKind] = {DEFAULT: CLASSIFICATION}


def task_problems(options: Options) -> Iterator[Problem]:
    """A problem where there is no such task."""
    if options.task is not None:
        yield from choice_problems("--task", options.task, tuple(KINDS))


def chosen(options: Options) -> TaskKind:
    """The task that the options name; the default where they name none, or none that there is."""
    return KINDS.get(options.task or DEFAULT, KINDS[DEFAULT])
