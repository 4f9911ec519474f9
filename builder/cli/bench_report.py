"""What a measurement came to, as tables of text and as JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from builder.cli.packing import Packed, packed
from builder.harness.bench.figures import Difference, Summary, difference, growth, summary, unlike
from builder.harness.bench.lanes import Heap
from builder.harness.bench.plan import BRIDGE, Entry
from builder.harness.bench.session import Measured, Row, Start

_SOFTWARE = re.compile(r"swiftshader|llvmpipe|softpipe|software|basic render", re.IGNORECASE)
_CODE = (".js", ".mjs", ".wasm")
# `probe` is how verify asks: no game takes that way.
_NOT_A_GAMES = ("probe",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the table. Milliseconds; `heap` is what a prediction allocates, `tensors` by how many live ones grew;
    both None where unknown."""

    entry: Entry
    blocking: Summary
    latency: Summary
    seen: Summary
    busy: Summary
    heap: Heap | None
    tensors: int | None
    stages: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`downloads` are JavaScript and WebAssembly, by lane. `differences` of answers from the
    first, as part of the scores' range; `unlike` says whose are too large."""

    browser: str
    renderer: str
    cores: int
    lines: tuple[Line, ...]
    starts: Mapping[str, Start]
    downloads: Mapping[str, Packed]
    failed: Mapping[str, str]
    differences: Mapping[str, float]
    unlike: tuple[str, ...]

    @property
    def software(self) -> bool:
        return bool(_SOFTWARE.search(self.renderer))


def report_of(found: Measured, folders: Mapping[str, Path]) -> Report:
    """`folders`: where the files behind the URLs lie, by the first segment of the path, "" for all others."""
    differences = _differences(found)
    return Report(
        browser=found.browser,
        renderer=found.renderer,
        cores=os.cpu_count() or 1,
        lines=tuple(_line(row) for row in found.rows if row.samples),
        starts=found.starts,
        downloads={name: packed(_code(start.urls, folders)) for name, start in found.starts.items()},
        failed=found.failed,
        differences={entry.name: found.worst for entry, found in differences.items()},
        unlike=tuple(unlike(list(differences.items()))),
    )


def _line(row: Row) -> Line:
    return Line(
        entry=row.entry,
        blocking=summary([sample.blocking_ms for sample in row.samples]),
        latency=summary([sample.latency_ms for sample in row.samples]),
        seen=summary([sample.seen_ms for sample in row.samples]),
        busy=summary(row.busy),
        heap=row.heap,
        tensors=growth(row.tensors),
        stages={name: summary([s.stages[name] for s in row.samples]).median for name in row.samples[0].stages},
    )


def _differences(found: Measured) -> dict[Entry, Difference]:
    """Of each entry from the first."""
    first = next(iter(found.answers.values()), {})
    return {entry: difference(first, scores, video=entry.path == "camera") for entry, scores in found.answers.items()}


def _code(urls: Iterable[str], folders: Mapping[str, Path]) -> list[Path]:
    found = []
    for url in urls:
        first, _, rest = unquote(urlsplit(url).path).removeprefix("/").partition("/")
        place = folders[first] / rest if first in folders else folders[""] / first / rest
        if place.suffix in _CODE and place.is_file():
            found.append(place)
    return sorted(set(found))


# --- text -----------------------------------------------------------------------------------------------------------


def lines(report: Report, name: str, notes: Sequence[str]) -> Iterator[str]:
    """The answer on stdout."""
    yield f"model: {name}"
    yield f"browser: Chromium {report.browser}, {report.cores} cores"
    yield f"renderer: {report.renderer}"
    yield from (f"note: {text}" for text in notes)
    yield "allocated: objects on JavaScript's heap and the buffers behind them, for one prediction"
    if report.software:
        yield "note: WebGL is drawn in software here: the figures for webgl say nothing about a GPU"
    for size in dict.fromkeys(line.entry.size for line in report.lines):
        yield f"\npicture {size}, milliseconds: median (95th percentile)"
        yield from table(_HEADS, [_cells(line) for line in report.lines if line.entry.size == size])
        yield from _fastest([line for line in report.lines if line.entry.size == size])
    if report.starts:
        yield "\nfirst prediction in milliseconds, and what is downloaded of JavaScript and WebAssembly in bytes"
        yield from table(_START_HEADS, [_start_cells(report, lane) for lane in report.starts])
    yield from (f"not measured: {lane}: {reason}" for lane, reason in report.failed.items())


_HEADS = ("way", "n", "blocking", "latency", "seen by the game", "main thread", "allocated KB", "tensors", "stages")
_START_HEADS = ("lane", "cold", "warm", "raw", "gzip", "Brotli")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as they must be; numbers to the right, the first and the last column to the left."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for cells in (heads, *rows):
        padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        padded[0] = cells[0].ljust(widths[0])
        if heads[-1] == "stages":
            padded[-1] = cells[-1]
        yield "  ".join(padded).rstrip()


def _spread(found: Summary) -> str:
    return f"{found.median:.1f} ({found.p95:.1f})"


def _cells(line: Line) -> list[str]:
    heap = "?" if line.heap is None else f"{line.heap.objects / 1000:,.0f} + {line.heap.buffers / 1000:,.0f}"
    tensors = "?" if line.tensors is None else f"+{line.tensors}" if line.tensors > 0 else "flat"
    stages = ", ".join(f"{name.removesuffix('Ms')} {value:.1f}" for name, value in line.stages.items() if value)
    times = [_spread(found) for found in (line.blocking, line.latency, line.seen)]
    stages = "" if line.entry.path in _NOT_A_GAMES else stages
    return [line.entry.name, str(line.latency.count), *times, f"{line.busy.median:.1f}", heap, tensors, stages]


def _start_cells(report: Report, lane: str) -> list[str]:
    start, size = report.starts[lane], report.downloads[lane]
    brotli = "?" if size.brotli is None else f"{size.brotli:,}"
    return [lane, f"{start.cold_ms:.0f}", f"{start.warm_ms:.0f}", f"{size.raw:,}", f"{size.gzip:,}", brotli]


def _fastest(found: Sequence[Line]) -> Iterator[str]:
    own = [line for line in found if line.entry.lane.contender == BRIDGE and line.entry.path not in _NOT_A_GAMES]
    if own:
        quick = min(own, key=lambda line: line.latency.median)
        smooth = min(own, key=lambda line: line.blocking.median)
        yield f"fastest: {quick.entry.name}, {quick.latency.median:.1f} ms"
        yield f"least in the game's way: {smooth.entry.name}, {smooth.blocking.median:.1f} ms"


# --- JSON -----------------------------------------------------------------------------------------------------------


def document(report: Report) -> dict[str, Any]:
    """The object that --json writes."""
    return {
        "bench": 1,
        "browser": report.browser,
        "renderer": report.renderer,
        "software": report.software,
        "cores": report.cores,
        "rows": [_row_document(line) for line in report.lines],
        "starts": {
            lane: {"coldMs": start.cold_ms, "warmMs": start.warm_ms, "download": asdict(report.downloads[lane])}
            for lane, start in report.starts.items()
        },
        "notMeasured": dict(report.failed),
        "differences": dict(report.differences),
        "answersDiffer": list(report.unlike),
    }


def _row_document(line: Line) -> dict[str, Any]:
    entry = line.entry
    return {
        "contender": entry.lane.contender,
        "backend": entry.lane.backend,
        "path": entry.path,
        "width": entry.size.width,
        "height": entry.size.height,
        "blockingMs": asdict(line.blocking),
        "latencyMs": asdict(line.latency),
        "seenMs": asdict(line.seen),
        "mainThreadMs": asdict(line.busy),
        "allocatedBytes": None if line.heap is None else asdict(line.heap),
        "tensorsGrew": line.tensors,
        "stages": dict(line.stages),
    }
