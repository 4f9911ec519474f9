"""Charts as columns of 0..100."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from builder.harness.evaluation.metrics import Calibration
from builder.harness.html.view import ChartView, Column

_COLUMNS = 24


def histogram(title: str, values: Sequence[float], unit: str) -> ChartView | None:
    """How often values occur; what lies above the 99th percentile is in the last column. None for nothing to show."""
    if len(values) < 2:
        return None
    low, high = float(min(values)), float(np.percentile(values, 99))
    high = high if high > low else low + 1
    counts, edges = np.histogram(np.minimum(values, high), bins=min(_COLUMNS, len(values)), range=(low, high))
    columns = tuple(
        Column(f"{edges[i]:.3g} to {edges[i + 1]:.3g} {unit}: {count}", round(100 * count / counts.max(), 1))
        for i, count in enumerate(counts)
    )
    note = f"median {np.median(values):.3g} {unit}, largest {max(values):.3g} {unit}"
    return ChartView(title=title, note=note, columns=columns, low=f"{low:.3g} {unit}", high=f"{high:.3g} {unit}")


def reliability(found: Calibration | None) -> ChartView | None:
    """Accuracy of each bin as a column, its confidence as a mark: honest scores have the marks on top."""
    if found is None:
        return None
    columns = tuple(
        Column(
            f"scores of {each.low:.1f} to {each.high:.1f}: {each.pictures} pictures, {each.accuracy:.2f} right",
            round(100 * each.accuracy, 1),
            round(100 * each.confidence, 1) if each.pictures else None,
        )
        for each in found.bins
    )
    note = f"expected calibration error {found.error:.4f}; columns: accuracy, marks: mean score"
    return ChartView(title="Calibration", note=note, columns=columns, low="score 0", high="1")


def curve(title: str, points: Sequence[tuple[float, float]], unit: str, low: str, high: str) -> ChartView | None:
    """Through (x, y) in the order of x; y from 0 upwards."""
    if len(points) < 2:
        return None
    (first, _), (last, _), values = points[0], points[-1], [y for _, y in points]
    top, width = max(values) or 1.0, (last - first) or 1.0
    drawn = tuple((round(300 * (x - first) / width, 1), round(100 * y / top, 1)) for x, y in points)
    note = f"{min(values):.4g} to {max(values):.4g} {unit}"
    return ChartView(title=title, note=note, columns=(), low=low, high=high, points=drawn)
