"""A run's findings for people: a table for terminals, one line per fact elsewhere."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from builder.harness.evaluate import best
from builder.harness.results import CaseResult, Check, ConsoleLine, PageLog, RunResult
from builder.harness.tasks import KINDS
from builder.harness.text import clean

PROBE_REMARK = "probe hands pixels to the model directly: exact, but the game's own path to it is not exercised."
CAMERA_REMARK = "camera plays the image to a fake webcam; the game itself predicted."
NOTHING = "-"
SHOWN_LINES = 20
SHOWN_WIDTH = 400
_LEVELS = {"error": "red", "warning": "yellow"}


def expected(result: CaseResult) -> str:
    """What the case wants, in a few words."""
    if result.words is not None:
        return result.words.expected
    case = result.case
    words = []
    if case.label is not None:
        words.append(case.label if case.minimum is None else f"{case.label} >= {case.minimum:g}")
    if case.scores is not None:
        words.append(f"{len(case.scores)} scores within {case.tolerance:g}")
    kind = KINDS.get(result.prediction.task) if result.prediction else None
    if case.expect is not None and kind is not None and kind.wish is not None:
        words.append(kind.wish(kind.expectation.model_validate(case.expect)))
    else:
        words += [f"{key} {_short(value)}" for key, value in (case.expect or {}).items()]
    return clean(", ".join(words), 200)


def _short(value: object) -> str:
    """Of a path the file alone."""
    return Path(value).name if isinstance(value, str) else str(value)


def got(run: RunResult, result: CaseResult) -> tuple[str, str]:
    """The best label and its score, or dashes where there is no prediction."""
    if result.words is not None:
        return result.words.got, result.words.score
    scores = () if result.prediction is None else result.prediction.scores
    labels = () if run.model is None else run.model.labels
    if result.prediction is not None and result.prediction.task in KINDS:
        return KINDS[result.prediction.task].describe(labels, result.prediction.found)
    if not scores or len(scores) != len(labels):
        return NOTHING, NOTHING
    top = best(scores)
    return clean(labels[top], 60), f"{scores[top]:.4f}"


def milliseconds(result: CaseResult) -> str:
    """How long the inference took."""
    return NOTHING if result.prediction is None else f"{result.prediction.execute_ms:.0f}"


def facts(run: RunResult) -> list[tuple[str, str]]:
    """The run's circumstances: what was checked, with what."""
    return [
        ("build", clean(run.build, 200)),
        *([("shard", f"{run.shard[0]} of {run.shard[1]}")] if run.shard else []),
        *_model_facts(run),
        ("renderer", run.renderer or "no WebGL"),
        ("browser", run.browser),
        ("start", f"{run.start.seconds:.1f} s" + (f" by {run.start.api}" if run.start.api else "")),
        *([("inference", _times(run))] if run.model else []),
    ]


def _model_facts(run: RunResult) -> list[tuple[str, str]]:
    if run.model is None:
        return []
    model = f"{run.model.name} ({run.model.slug}), contract {run.model.contract_sha256[:12]}"
    return [("model", model), ("backend", f"{run.backend_used or 'none'} (asked for {run.backend_asked})")]


def _times(run: RunResult) -> str:
    times = [result.prediction.execute_ms for result in run.cases if result.prediction is not None]
    return f"{statistics.median(times):.0f} ms in the median of {len(times)}" if times else "none"


def verdict(run: RunResult) -> str:
    """The last line."""
    failed = sum(not result.passed for result in run.cases)
    count = len(run.cases)
    nothing = "no cases" if run.model else "loaded, rendered" if run.passed else "no model was asked for"
    cases = f"{failed} of {count} cases fail" if failed else f"{count} of {count} cases pass" if count else nothing
    broken = [check.name for check in run.checks if not check.passed]
    return f"{'PASS' if run.passed else 'FAIL'}: {cases}" + (f"; failed checks: {', '.join(broken)}" if broken else "")


def remarks(run: RunResult) -> list[str]:
    """Which ways in were exercised, honestly."""
    sources = {result.case.source for result in run.cases}
    texts = {"probe": PROBE_REMARK, "camera": CAMERA_REMARK}
    died = [f"a page died ({clean(text, 300)}); what was left to it was run again." for text in run.restarts]
    return died + [text for source, text in texts.items() if source in sources]


# --- without a terminal ---------------------------------------------------------------------------------------------


def plain(run: RunResult) -> Iterator[str]:
    """The report as lines of text, one fact a line."""
    for name, text in facts(run):
        yield f"{name}: {text}"
    for result in run.cases:
        label, score = got(run, result)
        head = f"{_word(result.passed)} {result.case.source} {clean(result.case.id, 200)}"
        yield f"{head}: expected {expected(result)}; got {label} {score}; {milliseconds(result)} ms"
        yield from (f"  {reason}" for reason in result.reasons)
    for check in run.checks:
        yield from check_lines(check)
    for title, texts in log_sections(run.log):
        yield f"{title}:"
        yield from (f"  {text}" for text in texts)
    yield from (f"note: {text}" for text in remarks(run))
    yield verdict(run)


def check_lines(check: Check) -> Iterator[str]:
    """A check and the reasons against it, one fact a line."""
    yield f"{_word(check.passed)} check {check.name}: {check.detail}"
    yield from (f"  {reason}" for reason in check.reasons)


def _word(passed: bool) -> str:
    return "PASS" if passed else "FAIL"


def log_sections(log: PageLog) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What the page complained about, by kind; only kinds with entries."""
    errors = tuple(line.text for line in log.console if line.level == "error")
    sections = {
        "uncaught errors": log.page_errors,
        "console errors": errors,
        "dialogs": log.dialogs,
        "failed requests": log.failed_requests,
        "blocked (the build reaches for what is outside)": log.blocked,
    }
    for title, texts in sections.items():
        if texts:
            more = (f"… and {len(texts) - SHOWN_LINES} more",) if len(texts) > SHOWN_LINES else ()
            yield title, (*(clean(text, SHOWN_WIDTH) for text in texts[:SHOWN_LINES]), *more)


# --- on a terminal --------------------------------------------------------------------------------------------------


def rich(run: RunResult) -> RenderableType:
    """The report for a terminal. All foreign text is `Text`, in which markup has no meaning."""
    style = "bold green" if run.passed else "bold red"
    table = [_case_table(run)] if run.cases else []
    parts: list[RenderableType] = [_facts_grid(run), *table, _check_grid(run.checks)]
    for title, texts in log_sections(run.log):
        parts += [Text(title, style="bold yellow"), *(Text(f"  {text}") for text in texts)]
    parts += [Text(text, style="dim") for text in remarks(run)]
    return Group(*parts, Text(verdict(run), style=style))


def _facts_grid(run: RunResult) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, text in facts(run):
        grid.add_row(Text(name, style="dim"), Text(text))
    return grid


def _case_table(run: RunResult) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("case", "fed by", "expected", "got"):
        table.add_column(name, overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("result", overflow="fold")
    for result in run.cases:
        outcome = (
            Text("pass", style="green") if result.passed else Text("FAIL: " + "\n".join(result.reasons), style="red")
        )
        cells = (clean(result.case.id, 200), result.case.source, expected(result), *got(run, result))
        table.add_row(*map(Text, cells), Text(milliseconds(result)), outcome)
    return table


def _check_grid(checks: tuple[Check, ...]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for check in checks:
        mark = Text("pass", style="green") if check.passed else Text("FAIL", style="bold red")
        detail = "\n".join([check.detail, *check.reasons])
        grid.add_row(mark, Text(check.name), Text(detail, style="" if check.passed else "red"))
    return grid


def print_run(console: Console, run: RunResult) -> None:
    """Prints the report: a table on a terminal, plain lines elsewhere."""
    if console.is_terminal:
        console.print(rich(run), soft_wrap=False)
        return
    for line in plain(run):
        console.print(Text(line))


def print_failure(console: Console, log: PageLog, checks: Sequence[Check] = ()) -> None:
    """What the page said before it failed to load: the console's last lines, then everything that went wrong; and
    those `checks` that needed no page."""
    lines = log.console[-SHOWN_LINES:]
    if lines:
        hidden = log.dropped_lines + len(log.console) - len(lines)
        console.print(Text("console" + (f" ({hidden} lines before these)" if hidden else "") + ":", style="bold"))
    for line in lines:
        console.print(_console_text(line))
    for title, texts in log_sections(log):
        if title != "console errors":
            console.print(Text(f"{title}:", style="bold"))
            for text in texts:
                console.print(Text(f"  {text}"))
    for check in checks:
        for text in check_lines(check):
            console.print(Text(text))


def _console_text(line: ConsoleLine) -> Text:
    return Text(f"  {clean(line.level, 20)}: {clean(line.text, SHOWN_WIDTH)}", style=_LEVELS.get(line.level, ""))
