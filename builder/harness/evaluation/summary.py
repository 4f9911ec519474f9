"""Everything that an evaluation says, worked out from its answers.

Pure: the same answers give the same figures, whether they come from one run, a resumed one, or several shards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from builder.harness.evaluation import metrics
from builder.harness.evaluation.answers import Answer
from builder.harness.evaluation.metrics import Calibration, ClassFigures

TOP = 5
WORST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A picture with what is known and what was answered; `truth` is the index of its label."""

    id: str
    truth: int
    groups: Mapping[str, str]
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """The pictures of one group; `held_out` ones count in no other figure."""

    kind: str
    name: str
    pictures: int
    accuracy: float
    held_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAgreement:
    """Of the pictures of one class, in how many both models name the same class, and how often each is right."""

    label: str
    pictures: int
    same: int
    right: int
    other_right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A model beside the one that it is compared with, over the pictures that both predicted. `difference` is the mean
    absolute difference of scores, `largest` the largest."""

    pictures: int
    same: int
    accuracy: float
    other_accuracy: float
    difference: float
    largest: float
    classes: tuple[ClassAgreement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures over the pictures that are not held out; None where nothing counts. `weighted`: accuracy by the class
    weights `weights`, None without; `ms` the times of inferences, sorted."""

    pictures: int
    failed: int
    accuracy: float | None
    weighted: float | None
    top: dict[int, float]
    classes: tuple[ClassFigures, ...]
    confusion: NDArray[np.int64]
    calibration: Calibration | None
    ms: tuple[float, ...]

    @property
    def macro_recall(self) -> float | None:
        """The mean recall of the classes that occur."""
        found = [each.recall for each in self.classes if each.recall is not None]
        return float(np.mean(found)) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`figures` of what counts, `groups` of every group, `held_out` figures of what does not count, if anything is."""

    labels: tuple[str, ...]
    rows: tuple[Row, ...] = field(repr=False)
    figures: Figures
    held_out: Figures | None
    groups: tuple[GroupFigures, ...]
    agreement: Agreement | None
    weights: tuple[float, ...] | None


HeldOut: TypeAlias = frozenset[tuple[str, str]]


def is_held_out(row: Row, held_out: HeldOut) -> bool:
    """True where one of the row's groups is held out."""
    return any(pair in held_out for pair in row.groups.items())


def summarize(
    rows: Sequence[Row],
    labels: Sequence[str],
    held_out: HeldOut = frozenset(),
    weights: NDArray[np.float64] | None = None,
) -> Summary:
    """`rows` in the user's order; `weights` [classes] count for the weighted accuracy."""
    inside = [row for row in rows if not is_held_out(row, held_out)]
    outside = [row for row in rows if is_held_out(row, held_out)]
    return Summary(
        labels=tuple(labels),
        rows=tuple(rows),
        figures=_figures(inside, labels, weights),
        held_out=_figures(outside, labels, weights) if outside else None,
        groups=tuple(_groups(rows, held_out)),
        agreement=_agreement(inside, labels),
        weights=None if weights is None else tuple(map(float, weights)),
    )


def truth_of(rows: Sequence[Row]) -> metrics.Classes:
    """[n]."""
    return np.array([row.truth for row in rows], np.int64)


def scores_of(rows: Sequence[Row], classes: int, *, other: bool = False) -> metrics.Scores:
    """[n, classes]: NaN where there is no prediction."""
    none = (np.nan,) * classes
    found = [(row.answer.other if other else row.answer.scores) or none for row in rows]
    return np.array(found, np.float64).reshape(len(rows), classes)


def _figures(rows: Sequence[Row], labels: Sequence[str], weights: NDArray[np.float64] | None) -> Figures:
    truth, scores = truth_of(rows), scores_of(rows, len(labels))
    tops = [k for k in range(2, TOP + 1) if k < len(labels)]
    return Figures(
        pictures=len(rows),
        failed=sum(row.answer.scores is None for row in rows),
        accuracy=metrics.accuracy(truth, scores),
        weighted=None if weights is None else metrics.accuracy(truth, scores, weights),
        top={k: found for k in tops if (found := metrics.top_k(truth, scores, k)) is not None},
        classes=metrics.per_class(truth, scores, tuple(labels)),
        confusion=metrics.confusion(truth, scores),
        calibration=metrics.calibration(truth, scores),
        ms=tuple(sorted(row.answer.ms for row in rows if row.answer.scores is not None)),
    )


def _groups(rows: Sequence[Row], held_out: HeldOut) -> list[GroupFigures]:
    members: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        for pair in row.groups.items():
            members.setdefault(pair, []).append(row)
    made = []
    for pair in sorted(members):
        inside = members[pair]
        right = sum(is_right(row) for row in inside)
        share = right / len(inside)
        figures = GroupFigures(
            kind=pair[0], name=pair[1], pictures=len(inside), accuracy=share, held_out=pair in held_out
        )
        made.append(figures)
    return made


def is_right(row: Row) -> bool:
    """True where the best class is the true one."""
    scores = row.answer.scores
    return scores is not None and int(np.argmax(scores)) == row.truth


def _agreement(rows: Sequence[Row], labels: Sequence[str]) -> Agreement | None:
    both = [row for row in rows if row.answer.other is not None and row.answer.scores is not None]
    if not both:
        return None
    truth, mine = truth_of(both), scores_of(both, len(labels))
    theirs = scores_of(both, len(labels), other=True)
    best, other = metrics.best(mine), metrics.best(theirs)
    apart = np.abs(mine - theirs)
    classes = tuple(
        ClassAgreement(
            label=label,
            pictures=int(own.sum()),
            same=int((best == other)[own].sum()),
            right=int((best == truth)[own].sum()),
            other_right=int((other == truth)[own].sum()),
        )
        for label, own in ((label, truth == place) for place, label in enumerate(labels))
    )
    return Agreement(
        pictures=len(both),
        same=int((best == other).sum()),
        accuracy=float((best == truth).mean()),
        other_accuracy=float((other == truth).mean()),
        difference=float(apart.mean()),
        largest=float(apart.max()),
        classes=classes,
    )


def worst(summary: Summary, count: int = WORST) -> list[Row]:
    """Pictures without a prediction first, then wrong ones, the surest first."""
    wrong = [row for row in summary.rows if not is_right(row)]
    return sorted(wrong, key=lambda row: -max(row.answer.scores) if row.answer.scores else -2.0)[:count]
