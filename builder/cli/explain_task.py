"""What `generate` understood about a model's outputs, in the words of its task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from builder.inputs.jsonfile import printable
from builder.spec import ModelSpec

if TYPE_CHECKING:
    from builder.cli.gathering import Gathered

Rows = Iterator[tuple[str, str]]
_LABELS_SHOWN = 6


def task_rows(found: Gathered) -> Rows:
    """(name, value) of each line."""
    if found.settings.task:
        yield "task", f"{found.spec.task.kind} [{found.source('task')}]"
    yield from _ROWS[found.spec.task.kind](found)


def _classification(found: Gathered) -> Rows:
    yield "output", _output(found)
    yield "classes", f"{_labels(found.spec)} [{_labels_source(found)}]"
    yield "reported", f"{_reported(found.spec)} [{found.source('top_k')}]"


def _output(found: Gathered) -> str:
    """Which output, and what becomes of its scores."""
    spec, post = found.spec, found.spec.classification
    name = f"{printable(spec.output.name, 60)} [{found.source('output', otherwise=found.facts.json_path.name)}]"
    activation = "turned into probabilities by softmax" if post.activation == "softmax" else "as the model gives it"
    parts = [name, f"{activation} [{found.source('softmax')}]"]
    if post.skip_first:
        scores = "its first score" if post.skip_first == 1 else f"its first {post.skip_first} scores"
        parts.append(f"{scores} left out [{found.source('skip_first')}]")
    return ", ".join(parts)


def _labels(spec: ModelSpec) -> str:
    shown = ", ".join(printable(label, 40) for label in spec.labels[:_LABELS_SHOWN])
    return f"{len(spec.labels)}: {shown}{', …' if len(spec.labels) > _LABELS_SHOWN else ''}"


def _labels_source(found: Gathered) -> str:
    """The file; and who named it, where that is not a flag."""
    named = found.source("labels", otherwise="")
    shown = printable(found.labels.shown, 60)
    return f"{shown}, {named}" if named and named != "--labels" else shown


def _reported(spec: ModelSpec) -> str:
    k = spec.classification.top_k
    return (
        "all classes, best first" if k == len(spec.labels) else f"the {k} best classes" if k > 1 else "the best class"
    )


_ROWS: dict[str, Callable[[Gathered], Rows]] = {"classification": _classification}
