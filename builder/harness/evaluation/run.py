"""One `evaluate`: asks about all pictures, and puts answers, circumstances and figures together."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from builder.errors import BAD_OPTION, fail
from builder.harness.evaluation import metrics
from builder.harness.evaluation.answers import Answer, Ledger, open_ledger
from builder.harness.evaluation.asking import Crew, MemorySample
from builder.harness.evaluation.predictors import Opening, Who
from builder.harness.evaluation.samples import Sample, digest, true_classes
from builder.harness.evaluation.summary import HeldOut, Row, Summary, summarize
from builder.harness.loading import Progress
from builder.harness.results import Check
from builder.harness.sharding import part_of

Weights = Literal["balanced"] | Mapping[str, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to evaluate, and how. `weights`: by which the classes count; `least`: the accuracy below which it fails.

    `shard` is (number from 1, count): a part of the pictures.
    """

    data: str
    factor: float = 1.0
    workers: int = 1
    results: Path | None = None
    shard: tuple[int, int] | None = None
    held_out: HeldOut = frozenset()
    weights: Weights = None
    least: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The circumstances. `data` is the name of the data, `digest` what they hold; `seconds` and `rate` (pictures a
    second) are of this run alone, `resumed` the answers that an earlier one had left."""

    who: Who
    other: Who | None
    data: str
    digest: str
    factor: float
    shard: tuple[int, int] | None
    least: float | None
    seconds: float
    rate: float
    resumed: int
    restarts: tuple[str, ...]
    memory: tuple[MemorySample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that an evaluation found out."""

    about: About
    summary: Summary
    checks: tuple[Check, ...]
    held_out: HeldOut
    weights: Weights

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


async def evaluate(
    samples: Sequence[Sample], opening: Opening, other: Opening | None, wish: Wish, progress: Progress
) -> Evaluation:
    """Asks the model that `opening` opens about `samples`, and `other`, if given, the same.

    Raises:
        UserError: BAD_DATA, OTHER_RESULTS, RESULTS_NOT_WRITTEN, and whatever keeps the model from being opened.
    """
    _check_held_out(samples, wish.held_out)
    whole = digest(samples, wish.factor)
    asked = part_of(samples, wish.shard)
    if not asked:
        raise fail(BAD_OPTION, "--shard", option="--shard", value=f"{wish.shard}", reason="it leaves no picture")
    begun, resumed = time.monotonic(), [0]

    def begin(who: Who) -> Ledger:
        true_classes(samples, who.labels)
        ledger = open_ledger(wish.results, _head(who, whole, wish, other), (sample.id for sample in asked))
        resumed[0] = len(ledger.answers)
        return ledger

    crew = Crew(opening, other, asked, wish.factor, wish.workers, begin, time.monotonic, progress)
    await crew.run()
    seconds = time.monotonic() - begun
    about = About(
        who=crew.who[0],
        other=crew.other_who,
        data=wish.data,
        digest=whole,
        factor=wish.factor,
        shard=wish.shard,
        least=wish.least,
        seconds=seconds,
        rate=crew.rate,
        resumed=resumed[0],
        restarts=tuple(crew.restarts),
        memory=tuple(crew.memory),
    )
    return conclude(about, rows_of(asked, crew.who[0].labels, crew.ledger.answers), wish.held_out, wish.weights)


def _head(who: Who, whole: str, wish: Wish, other: Opening | None) -> dict[str, Any]:
    """What must be the same for predictions to belong together."""
    return {
        "version": 1,
        "model": who.identity,
        "backend": who.backend,
        "data": whole,
        "shard": list(wish.shard or (1, 1)),
        "against": None if other is None else other.identity,
    }


def rows_of(samples: Sequence[Sample], labels: Sequence[str], answers: Mapping[str, Answer]) -> tuple[Row, ...]:
    """A row for each picture, in their order."""
    truth = true_classes(samples, labels)
    return tuple(
        Row(id=sample.id, truth=place, groups=sample.groups, answer=answers[sample.id])
        for sample, place in zip(samples, truth, strict=True)
    )


def conclude(about: About, rows: Sequence[Row], held_out: HeldOut, weights: Weights) -> Evaluation:
    """The figures and the verdict."""
    labels = about.who.labels
    inside = np.array([row.truth for row in rows], np.int64)
    summary = summarize(rows, labels, held_out, class_weights(weights, labels, inside))
    checks = (*about.who.checks, predicted_check(summary), *_accuracy_checks(about, summary))
    return Evaluation(about=about, summary=summary, checks=checks, held_out=held_out, weights=weights)


def _check_held_out(samples: Sequence[Sample], held_out: HeldOut) -> None:
    there = {pair for sample in samples for pair in sample.groups.items()}
    for kind, name in sorted(held_out - there):
        reason = "no picture is of that group"
        raise fail(BAD_OPTION, "--hold-out", option="--hold-out", value=f"{kind}={name}", reason=reason)


def class_weights(weights: Weights, labels: Sequence[str], truth: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """[classes]; raises UserError: BAD_OPTION for a label that the model does not have."""
    if weights is None:
        return None
    if weights == "balanced":
        return metrics.balanced_weights(truth, len(labels))
    assert not isinstance(weights, str)
    for label in weights:
        if label not in labels:
            reason = f"the model has no label {label!r}"
            raise fail(BAD_OPTION, "--class-weights", option="--class-weights", value=label, reason=reason)
    return np.array([weights.get(label, 1.0) for label in labels], np.float64)


def predicted_check(summary: Summary) -> Check:
    """Every picture has a prediction."""
    failed = [row for row in summary.rows if row.answer.scores is None]
    detail = f"{len(summary.rows) - len(failed)} of {len(summary.rows)} pictures have a prediction"
    return Check("predicted", not failed, detail, tuple(f"{row.id}: {row.answer.error}" for row in failed[:50]))


def _accuracy_checks(about: About, summary: Summary) -> tuple[Check, ...]:
    """Of all pictures: a shard alone is not judged."""
    if about.least is None or about.shard is not None:
        return ()
    found = summary.figures.accuracy
    detail = f"{'none' if found is None else f'{found:.4f}'}, and at least {about.least:g} is asked for"
    return (Check("accuracy", found is not None and found >= about.least, detail),)
