"""An evaluation for terminals and logs."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from builder.harness.evaluation.run import About, Evaluation
from builder.harness.evaluation.summary import Agreement, Figures, worst
from builder.harness.text import clean

NOTHING = "-"
_CLASSES = 60
_WORST = 5


def share(value: float | None) -> str:
    """Four digits, or a dash."""
    return NOTHING if value is None else f"{value:.4f}"


def facts(found: Evaluation) -> Iterator[tuple[str, str]]:
    """What was evaluated, with what, and the figures that count for all pictures."""
    about, figures = found.about, found.summary.figures
    yield "model", clean(about.who.name, 200)
    yield "asked", about.who.way
    yield "backend", about.who.backend + (f" on {about.who.renderer}" if about.who.renderer else "")
    yield "browser", about.who.browser
    yield "pictures", _pictures(found)
    yield from headline(figures)
    if found.summary.held_out is not None:
        held = found.summary.held_out
        yield "held out", f"accuracy {share(held.accuracy)} of {held.pictures} pictures"
    if found.summary.agreement is not None:
        yield "against", agreement_text(found.summary.agreement)
    yield "speed", speed(about, figures)


def headline(figures: Figures) -> Iterator[tuple[str, str]]:
    """Accuracy in its kinds, and calibration."""
    tops = ", ".join(f"top-{k} {share(value)}" for k, value in figures.top.items())
    yield "accuracy", share(figures.accuracy) + (f" ({tops})" if tops else "")
    if figures.weighted is not None:
        yield "weighted", f"{share(figures.weighted)} with the class weights"
    yield "mean recall", share(figures.macro_recall)
    if figures.calibration is None:
        yield "calibration", "none: the scores are no probabilities"
    else:
        yield "calibration", f"expected calibration error {figures.calibration.error:.4f}"


def _pictures(found: Evaluation) -> str:
    about, rows = found.about, found.summary.rows
    parts = [f"{len(rows)} of {clean(about.data, 200)}"]
    parts += [f"shard {about.shard[0]} of {about.shard[1]}"] if about.shard else []
    parts += [f"{about.resumed} answered by an earlier run"] if about.resumed else []
    return ", ".join(parts)


def agreement_text(found: Agreement) -> str:
    """How two models agree, in a sentence."""
    return (
        f"the best class is the same in {found.same} of {found.pictures}; accuracy {found.accuracy:.4f} and "
        f"{found.other_accuracy:.4f}; scores differ by {found.difference:.2g} on average, {found.largest:.2g} at most"
    )


def speed(about: About, figures: Figures) -> str:
    """Pictures a second, and the time of an inference."""
    if not figures.ms:
        return "nothing was predicted"
    late = figures.ms[min(len(figures.ms) - 1, int(len(figures.ms) * 0.95))]
    inference = f"inference {statistics.median(figures.ms):.1f} ms in the median, {late:.1f} ms at the 95th percentile"
    return f"{about.rate:.1f} pictures a second; {inference}" if about.rate else inference


def verdict(found: Evaluation) -> str:
    """The last line."""
    broken = [check.name for check in found.checks if not check.passed]
    accuracy = f"accuracy {share(found.summary.figures.accuracy)} of {found.summary.figures.pictures} pictures"
    return f"{'PASS' if found.passed else 'FAIL'}: {accuracy}" + (
        f"; failed checks: {', '.join(broken)}" if broken else ""
    )


def _classes(figures: Figures) -> Iterator[tuple[str, ...]]:
    """A row for each class that occurs or is named, the first ones of many."""
    there = [each for each in figures.classes if each.pictures or each.named]
    for each in there[:_CLASSES]:
        yield clean(each.label, 60), f"{each.pictures}", share(each.precision), share(each.recall), share(each.f1)
    if len(there) > _CLASSES:
        yield f"… and {len(there) - _CLASSES} more", "", "", "", ""


def _notes(found: Evaluation) -> Iterator[str]:
    yield from (
        f"note: a page died ({clean(text, 300)}); its pictures were asked again" for text in found.about.restarts
    )
    labels = found.summary.labels
    for row in worst(found.summary, _WORST):
        scores = row.answer.scores
        said = row.answer.error if scores is None else f"{labels[scores.index(max(scores))]} {max(scores):.4f}"
        yield clean(f"wrong: {row.id}: expected {labels[row.truth]}, got {said}", 400)


def plain(found: Evaluation) -> Iterator[str]:
    """One fact a line."""
    for name, text in facts(found):
        yield f"{name}: {text}"
    for label, pictures, precision, recall, f1 in _classes(found.summary.figures):
        yield f"class {label}: {pictures} pictures, precision {precision}, recall {recall}, F1 {f1}"
    for group in found.summary.groups:
        held = ", held out" if group.held_out else ""
        yield f"{group.kind} {group.name}: {group.pictures} pictures, accuracy {group.accuracy:.4f}{held}"
    for check in found.checks:
        yield f"{'PASS' if check.passed else 'FAIL'} check {check.name}: {check.detail}"
        yield from (f"  {reason}" for reason in check.reasons)
    yield from _notes(found)
    yield verdict(found)


def rich(found: Evaluation) -> RenderableType:
    """For a terminal. All foreign text is `Text`, in which markup has no meaning."""
    grid = Table.grid(padding=(0, 2))
    for name, text in facts(found):
        grid.add_row(Text(name, style="dim"), Text(text))
    parts: list[RenderableType] = [
        grid,
        _table(("class", "pictures", "precision", "recall", "F1"), _classes(found.summary.figures)),
    ]
    if found.summary.groups:
        rows = (
            (group.kind, group.name, f"{group.pictures}", share(group.accuracy), "held out" if group.held_out else "")
            for group in found.summary.groups
        )
        parts.append(_table(("kind", "group", "pictures", "accuracy", ""), rows))
    for check in found.checks:
        text = "\n  ".join([f"{'pass' if check.passed else 'FAIL'}  {check.name}  {check.detail}", *check.reasons])
        parts.append(Text(text, style="green" if check.passed else "bold red"))
    parts += [Text(note, style="dim") for note in _notes(found)]
    return Group(*parts, Text(verdict(found), style="bold green" if found.passed else "bold red"))


def _table(names: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def print_evaluation(console: Console, found: Evaluation) -> None:
    """A table on a terminal, plain lines elsewhere."""
    if console.is_terminal:
        console.print(rich(found), soft_wrap=False)
        return
    for line in plain(found):
        console.print(Text(line))
