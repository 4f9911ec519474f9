"""The JSON report of an evaluation, written and read back: to be merged with other shards', and compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.errors import BAD_REPORT, UserError, fail
from builder.harness.evaluation.answers import Answer
from builder.harness.evaluation.asking import MemorySample
from builder.harness.evaluation.metrics import Calibration
from builder.harness.evaluation.predictors import Memory, Who
from builder.harness.evaluation.run import About, Evaluation, conclude
from builder.harness.evaluation.summary import Agreement, Figures, Row
from builder.harness.results import Check
from builder.harness.sharding import ReadShard
from builder.harness.text import clean

VERSION = 1
MAX_BYTES = 2 * 1024**3


def document(found: Evaluation, exit_code: int) -> dict[str, Any]:
    """Keys in a fixed order; docs/evaluate.md describes them."""
    about, summary = found.about, found.summary
    return {
        "evaluation": VERSION,
        "passed": found.passed,
        "exit_code": exit_code,
        "model": _who(about.who),
        "against": None if about.other is None else _who(about.other),
        "data": {"name": about.data, "digest": about.digest, "box_factor": about.factor},
        "shard": None if about.shard is None else list(about.shard),
        "hold_out": sorted(map(list, found.held_out)),
        "class_weights": found.weights
        if found.weights is None or isinstance(found.weights, str)
        else dict(found.weights),
        "min_accuracy": about.least,
        "figures": _figures(summary.figures),
        "held_out": None if summary.held_out is None else _figures(summary.held_out),
        "groups": [asdict(group) for group in summary.groups],
        "agreement": None if summary.agreement is None else _agreement(summary.agreement),
        "checks": [asdict(check) for check in found.checks],
        "restarts": list(about.restarts),
        "memory": [{"answers": each.answers, **asdict(each.memory)} for each in about.memory],
        "seconds": round(about.seconds, 3),
        "rate": round(about.rate, 3),
        "resumed": about.resumed,
        "pictures": [_row(row, summary.labels) for row in summary.rows],
    }


def dumped(content: Mapping[str, Any]) -> str:
    """As text: a line for each picture, so that two reports can be compared by eye."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _who(who: Who) -> dict[str, Any]:
    return {
        "name": clean(who.name, 300),
        "identity": who.identity,
        "way": who.way,
        "backend": who.backend,
        "renderer": who.renderer,
        "browser": who.browser,
        "labels": list(who.labels),
        "checks": [asdict(check) for check in who.checks],
    }


def _figures(figures: Figures) -> dict[str, Any]:
    classes = [
        {
            "label": each.label,
            "pictures": each.pictures,
            "named": each.named,
            "right": each.right,
            "precision": each.precision,
            "recall": each.recall,
            "f1": each.f1,
        }
        for each in figures.classes
    ]
    return {
        "pictures": figures.pictures,
        "failed": figures.failed,
        "accuracy": figures.accuracy,
        "weighted_accuracy": figures.weighted,
        "macro_recall": figures.macro_recall,
        "top": {str(k): share for k, share in figures.top.items()},
        "classes": classes,
        "confusion": figures.confusion.tolist(),
        "calibration": None if figures.calibration is None else _calibration(figures.calibration),
    }


def _calibration(found: Calibration) -> dict[str, Any]:
    return {"ece": found.error, "bins": [asdict(each) for each in found.bins]}


def _agreement(found: Agreement) -> dict[str, Any]:
    return asdict(found)


def _row(row: Row, labels: Sequence[str]) -> dict[str, Any]:
    answer = row.answer
    return {
        "id": row.id,
        "label": labels[row.truth],
        "groups": dict(row.groups),
        "scores": None if answer.scores is None else list(answer.scores),
        "other": None if answer.other is None else list(answer.other),
        "ms": round(answer.ms, 3),
        "error": answer.error,
    }


# --- reading back ---------------------------------------------------------------------------------------------------


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Check(_Read):
    name: str
    passed: bool
    detail: str
    reasons: tuple[str, ...] = ()

    def check(self) -> Check:
        return Check(clean(self.name), self.passed, clean(self.detail), tuple(map(clean, self.reasons)))


class _Who(_Read):
    name: str
    identity: str
    way: str
    backend: str
    renderer: str
    browser: str
    labels: tuple[str, ...] = Field(min_length=1)
    checks: tuple[_Check, ...] = ()

    def who(self) -> Who:
        given = self.model_dump() | {"checks": tuple(each.check() for each in self.checks)}
        return Who(**given)


class _Data(_Read):
    name: str
    digest: str
    box_factor: float


class _Memory(_Read):
    answers: int
    tensors: int | None
    heap_bytes: int | None

    def sample(self) -> MemorySample:
        return MemorySample(self.answers, Memory(tensors=self.tensors, heap_bytes=self.heap_bytes))


class _Picture(_Read):
    id: str
    label: str
    groups: dict[str, str]
    scores: tuple[float, ...] | None
    other: tuple[float, ...] | None
    ms: float
    error: str

    def row(self, labels: Sequence[str]) -> Row:
        answer = Answer(id=self.id, scores=self.scores, other=self.other, ms=self.ms, error=self.error)
        for given in (self.scores, self.other):
            if given is not None and len(given) != len(labels):
                msg = f"{self.id} has {len(given)} scores for {len(labels)} labels"
                raise ValueError(msg)
        return Row(id=self.id, truth=labels.index(self.label), groups=self.groups, answer=answer)


class Report(_Read):
    """An evaluation's JSON report, as far as it is read."""

    evaluation: Literal[1]
    model: _Who
    against: _Who | None
    data: _Data
    shard: ReadShard | None
    hold_out: tuple[tuple[str, str], ...]
    class_weights: Literal["balanced"] | dict[str, float] | None
    min_accuracy: float | None
    restarts: tuple[str, ...]
    memory: tuple[_Memory, ...]
    seconds: float
    rate: float
    resumed: int
    pictures: tuple[_Picture, ...] = Field(min_length=1)

    def evaluation_of(self, path: Path) -> Evaluation:
        """The evaluation that the report is of, its figures worked out anew; raises UserError: BAD_REPORT."""
        labels = self.model.labels
        try:
            rows = [picture.row(labels) for picture in self.pictures]
        except ValueError as error:
            raise fail(BAD_REPORT, path, reason=clean(str(error), 200)) from None
        about = About(
            who=self.model.who(),
            other=None if self.against is None else self.against.who(),
            data=self.data.name,
            digest=self.data.digest,
            factor=self.data.box_factor,
            shard=self.shard,
            least=self.min_accuracy,
            seconds=self.seconds,
            rate=self.rate,
            resumed=self.resumed,
            restarts=self.restarts,
            memory=tuple(each.sample() for each in self.memory),
        )
        try:
            return conclude(about, rows, frozenset(self.hold_out), self.class_weights)
        except UserError as error:
            raise fail(BAD_REPORT, path, reason=error.problems[0].what.rstrip(".")) from None


def read_report(path: Path) -> Report:
    """Raises UserError: BAD_REPORT."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise fail(BAD_REPORT, path, reason=f"it has more than the {MAX_BYTES} bytes that are read")
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise fail(BAD_REPORT, path, reason=f"it cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = clean(".".join(map(str, first["loc"])), 100)
        raise fail(BAD_REPORT, path, reason=clean(f"{place + ': ' if place else ''}{first['msg']}", 200)) from None
