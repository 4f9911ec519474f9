"""The page of an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from builder.harness.evaluation.run import Evaluation
from builder.harness.evaluation.samples import Sample
from builder.harness.evaluation.summary import Figures, Row, Summary, is_right, worst
from builder.harness.evaluation.text import agreement_text, facts, share, verdict
from builder.harness.html.charts import curve, histogram, reliability
from builder.harness.html.pictures import as_seen, thumbnail
from builder.harness.html.view import Cell, CheckView, PageView, PictureView, TableView, bars
from builder.harness.images import ImageRefused
from builder.spec import Preprocess

MAX_MATRIX = 40
MAX_CLASSES = 200
_RIGHT_SHOWN = 12


def page(found: Evaluation, samples: Mapping[str, Sample], how: Preprocess | None) -> PageView:
    """`samples` by id, so far as their files are at hand; `how` says what the model sees of them, None if not known."""
    summary, figures = found.summary, found.summary.figures
    heap = [
        (each.answers, each.memory.heap_bytes / 1e6)
        for each in found.about.memory
        if each.memory.heap_bytes is not None
    ]
    charts = (
        reliability(figures.calibration),
        histogram("Time of an inference", figures.ms, "ms"),
        curve("JavaScript heap after collection", heap, "MB", "first picture", "last"),
    )
    tables = (_matrix(figures), _classes(figures), _groups(summary), _agreement(summary))
    return PageView(
        title=f"{found.about.who.name} on {found.about.data}",
        passed=found.passed,
        verdict=verdict(found),
        tiles=tuple(_tiles(found)),
        checks=tuple(
            CheckView(name=each.name, passed=each.passed, detail=each.detail, reasons=each.reasons)
            for each in found.checks
        ),
        charts=tuple(chart for chart in charts if chart),
        tables=tuple(table for table in tables if table),
        pictures_note="The surest mistakes first, then some that are right.",
        pictures=tuple(_pictures(summary, samples, found.about.factor, how)),
        notes=tuple(f"A page died ({text}); its pictures were asked again." for text in found.about.restarts),
        environment=tuple(facts(found)),
    )


def _tiles(found: Evaluation) -> list[tuple[str, str, str]]:
    figures, about = found.summary.figures, found.about
    tiles = [("accuracy", share(figures.accuracy), f"of {figures.pictures} pictures")]
    tiles += [(f"top-{k}", share(value), "") for k, value in figures.top.items() if k in (3, 5)]
    tiles += [("mean recall", share(figures.macro_recall), "of the classes")]
    tiles += [("weighted", share(figures.weighted), "by class weights")] if figures.weighted is not None else []
    if figures.calibration:
        tiles.append(("calibration error", share(figures.calibration.error), "0 is honest"))
    if about.rate:
        tiles.append(("speed", f"{about.rate:.1f}", "pictures a second"))
    return tiles


def _heat(count: int, of: int) -> int:
    return 0 if not count else max(1, round(10 * count / of))


def _matrix(figures: Figures) -> TableView | None:
    there = [i for i, each in enumerate(figures.classes) if each.pictures or each.named]
    if not 1 < len(there) <= MAX_MATRIX:
        return None
    labels, matrix = [figures.classes[i].label for i in there], figures.confusion[np.ix_(there, there)]
    rows = tuple((Cell(label), *_matrix_row(label, labels, matrix[y])) for y, label in enumerate(labels))
    note = "Rows are true classes, columns what was predicted; shades are shares of the row."
    return TableView(title="Confusion matrix", note=note, head=("", *labels), rows=rows)


def _matrix_row(label: str, labels: Sequence[str], counts: NDArray[np.int64]) -> Iterator[Cell]:
    whole = max(1, int(counts.sum()))
    for other, count in zip(labels, counts.tolist(), strict=True):
        yield Cell(f"{count}" if count else "·", _heat(count, whole), f"{label} as {other}")


def _classes(figures: Figures) -> TableView:
    there = [each for each in figures.classes if each.pictures or each.named][:MAX_CLASSES]
    rows = tuple(
        (
            Cell(each.label),
            Cell(f"{each.pictures}"),
            Cell(share(each.precision)),
            Cell(share(each.recall), 0 if each.recall is None else round(10 * each.recall)),
            Cell(share(each.f1)),
        )
        for each in there
    )
    head = ("class", "pictures", "precision", "recall", "F1")
    return TableView(title="Classes", note="", head=head, rows=rows)


def _groups(summary: Summary) -> TableView | None:
    if not summary.groups:
        return None
    rows = tuple(
        (
            Cell(f"{group.kind}: {group.name}" + (" (held out)" if group.held_out else "")),
            Cell(f"{group.pictures}"),
            Cell(share(group.accuracy), round(10 * group.accuracy)),
        )
        for group in summary.groups[:MAX_CLASSES]
    )
    return TableView(title="Groups", note="", head=("group", "pictures", "accuracy"), rows=rows)


def _agreement(summary: Summary) -> TableView | None:
    found = summary.agreement
    if found is None:
        return None
    rows = tuple(
        (
            Cell(each.label),
            Cell(f"{each.pictures}"),
            Cell(f"{each.same}"),
            Cell(f"{each.right}"),
            Cell(f"{each.other_right}"),
        )
        for each in found.classes
        if each.pictures
    )
    head = ("class", "pictures", "same answer", "right", "right, other")
    return TableView(title="Beside the other model", note=agreement_text(found) + ".", head=head, rows=rows)


def _pictures(
    summary: Summary, samples: Mapping[str, Sample], factor: float, how: Preprocess | None
) -> list[PictureView]:
    right = [row for row in summary.rows if is_right(row)]
    step = max(1, len(right) // _RIGHT_SHOWN)
    return [
        _picture(row, summary, samples.get(row.id), factor, how)
        for row in [*worst(summary), *right[::step][:_RIGHT_SHOWN]]
    ]


def _picture(row: Row, summary: Summary, sample: Sample | None, factor: float, how: Preprocess | None) -> PictureView:
    image = seen = ""
    if sample is not None:
        try:
            rgb = sample.pixels(factor)
            image, seen = thumbnail(rgb), as_seen(rgb, how)
        except ImageRefused:
            pass  # the answer says so already
    truth, scores = summary.labels[row.truth], row.answer.scores
    return PictureView(
        name=row.id,
        image=image,
        seen=seen,
        expected=truth,
        bars=() if scores is None else bars(summary.labels, scores, truth),
        reasons=(row.answer.error,) if row.answer.error else (),
        passed=is_right(row),
    )
