"""docs/bench-bridge.md and its plot, from what measure.py wrote.

.venv/bin/python -m benchmarks.bridge.report build/bridge.json docs
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.render.environment import environment

HERE = Path(__file__).parent
Row = Mapping[str, Any]
Found = Mapping[str, Any]
# What the ratios are of: one frame of a game on webgl, as most games have it.
_SIZE, _NETWORK = (640, 480), "MobileNetV1-0.25"
_COLORS = {"bridge": "#2b6cb0", "plain": "#718096", "tutorial": "#c05621", "onnxruntime": "#6b46c1"}
_LEFT, _WIDTH, _BAR, _GAP = 190, 560, 14, 34


def name(row: Row) -> str:
    """`bridge webgl texture`."""
    return f"{row['contender']} {row['backend']} {row['path']}"


def size(row: Row) -> tuple[int, int]:
    return row["width"], row["height"]


def _times(figures: Mapping[str, float]) -> str:
    return f"{figures['median']:.1f} ({figures['low']:.1f} to {figures['high']:.1f}; {figures['p95']:.1f})"


def cells(row: Row) -> list[str]:
    """A row of a table."""
    found = row["allocatedBytes"]
    heap = "-" if found is None else f"{found['objects'] / 1000:,.0f} + {found['buffers'] / 1000:,.0f}"
    grew = row["tensorsGrew"]
    tensors = "-" if grew is None else f"+{grew}" if grew else "flat"
    times = [_times(row[key]) for key in ("blockingMs", "latencyMs")]
    rest = [f"{row[key]['median']:.1f}" for key in ("seenMs", "mainThreadMs")]
    return [name(row), str(row["latencyMs"]["count"]), *times, *rest, heap, tensors]


def sizes(rows: Sequence[Row]) -> list[tuple[str, list[list[str]]]]:
    """The rows of each size, the smallest first."""
    found = sorted({size(row) for row in rows})
    return [(f"{w}x{h}", [cells(row) for row in rows if size(row) == (w, h)]) for w, h in found]


def starts(found: Found) -> list[list[str]]:
    """Rows of the second table."""
    rows = []
    for lane, start in found["starts"].items():
        packed = start["download"]
        bytes_ = [f"{packed[key]:,}" if packed[key] is not None else "-" for key in ("raw", "gzip", "brotli")]
        rows.append([lane, f"{start['coldMs']:,.0f}", f"{start['warmMs']:,.0f}", *bytes_])
    return rows


# --- ratios -----------------------------------------------------------------------------------------------------------


def _row(found: Found, wanted: str, at: tuple[int, int] = _SIZE) -> Row:
    return next(row for row in found["rows"] if name(row) == wanted and size(row) == at)


def ratios(found: Found) -> list[list[str]]:
    """What the ways in take of what others take, in medians of one page."""
    tutorial, plain = _row(found, "tutorial webgl copy"), _row(found, "plain webgl canvas")
    rows = []
    for way in ("texture", "pixels", "camera"):
        own, large = _row(found, f"bridge webgl {way}"), _row(found, f"bridge webgl {way}", (1280, 720))
        pairs = [
            (own, tutorial, "latencyMs"),
            (own, plain, "latencyMs"),
            (own, tutorial, "blockingMs"),
            (large, own, "latencyMs"),
        ]
        rows.append([f"webgl {way}", *(f"{a[key]['median'] / b[key]['median']:.2f}" for a, b, key in pairs)])
    return rows


# --- plot -------------------------------------------------------------------------------------------------------------


def plot(found: Mapping[str, Found]) -> str:
    """An SVG: for each network the latency of each contender (light, a line to the 95th percentile) and how much of it
    holds up the game (dark), at 640x480."""
    parts, y = list[str](), 30
    for network, each in found.items():
        rows = [row for row in each["rows"] if size(row) == _SIZE]
        longest = max(row["latencyMs"]["p95"] for row in rows)
        parts.append(f'<text x="10" y="{y}" font-weight="bold">{network}</text>')
        for row in rows:
            y += _BAR + 6
            parts += _bar(row, y, _WIDTH / longest)
        y += _GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="{y}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="900" height="{y}" fill="white"/>', *parts, "</svg>", ""])


def _bar(row: Row, y: int, scale: float) -> Iterator[str]:
    color, latency = _COLORS[row["contender"]], row["latencyMs"]
    width, blocking, end = (value * scale for value in (latency["median"], row["blockingMs"]["median"], latency["p95"]))
    middle = y - _BAR / 2 + 3
    yield f'<text x="{_LEFT - 8}" y="{y}" text-anchor="end">{name(row)}</text>'
    top = y - _BAR + 3
    yield f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{color}" opacity="0.35"/>'
    yield f'<rect x="{_LEFT}" y="{top}" width="{min(blocking, width):.1f}" height="{_BAR}" fill="{color}"/>'
    yield f'<path d="M{_LEFT + width:.1f} {middle}H{_LEFT + end:.1f}" stroke="{color}"/>'
    yield f'<text x="{_LEFT + end + 6:.1f}" y="{y}">{latency["median"]:.0f} ms</text>'


def main() -> None:
    """Writes both files into the folder that is the second argument."""
    found, folder = json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2])
    template = environment().from_string((HERE / "page.md.j2").read_text("utf-8"))
    first = next(iter(found.values()))
    networks = [(network, sizes(each["rows"]), starts(each)) for network, each in found.items()]
    page = template.render(machine=first, networks=networks, ratios=ratios(found[_NETWORK]), network=_NETWORK)
    (folder / "bench-bridge.md").write_text(page, "utf-8")
    (folder / "bench-bridge.svg").write_text(plot(found), "utf-8")


if __name__ == "__main__":
    main()
