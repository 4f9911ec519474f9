"""Whether what was sampled over time grows. Pure: numbers in, checks out; docs/verify.md says why these limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from builder.harness.results import Check, SoakSample

WARMUP = 0.25  # of the time: caches fill, scripts are compiled
MIN_SAMPLES = 8
STEADY = 0.4  # Kendall's tau from which samples count as rising, and not as scattered
_MB = 1024 * 1024
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Metric:
    """What a soak samples: the field `key` of a sample. It may rise by `floor`, or by the share `share` of its level,
    whichever is more; `scale` divides values for people."""

    key: str
    check: str
    title: str
    unit: str
    floor: float
    share: float
    scale: float = 1.0
    of_model: bool = False


METRICS = (
    Metric("tensors", "soak-tensors", "Tensors", "tensors", 0.9, 0.0, of_model=True),
    Metric("js_heap_bytes", "soak-js-heap", "JavaScript heap after collection", "MB", 1.0 * _MB, 0.05, _MB),
    Metric("gpu_bytes", "soak-gpu", "Memory of WebGL objects", "MB", 1.0 * _MB, 0.05, _MB),
    Metric("frame_ms", "soak-frame-time", "Time of a frame", "ms", 4.0, 0.4),
    Metric("prediction_ms", "soak-prediction-time", "Time of a prediction", "ms", 4.0, 0.4, of_model=True),
)


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through samples by Theil and Sen: `growth` from the first to the last, `level` in the middle, `steadiness`
    by Kendall's tau, -1 to 1."""

    growth: float
    level: float
    steadiness: float
    seconds: float

    @property
    def per_hour(self) -> float:
        return self.growth / self.seconds * _HOUR


def trend(seconds: NDArray[np.float64], values: NDArray[np.float64]) -> Trend:
    """Of at least two samples at increasing `seconds`: the median of the slopes of all pairs, which a third of wild
    samples cannot bend."""
    first, second = np.triu_indices(len(values), 1)
    rises, spans = values[second] - values[first], seconds[second] - seconds[first]
    span = float(seconds[-1] - seconds[0])
    slope = float(np.median(rises / spans))
    return Trend(slope * span, float(np.median(values)), float(np.sign(rises).mean()), span)


def settled(samples: Sequence[SoakSample], metric: Metric) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds and values after the warm-up, where there is a value."""
    end = samples[-1].seconds if samples else 0.0
    pairs = [(each.seconds, getattr(each, metric.key)) for each in samples if each.seconds >= WARMUP * end]
    known = [(at, float(value)) for at, value in pairs if value is not None]
    return np.array([at for at, _ in known]), np.array([value for _, value in known])


def judge(samples: Sequence[SoakSample], metric: Metric) -> Check:
    """Fails on a rise that is larger than the metric may have, and steady."""
    seconds, values = settled(samples, metric)
    if len(values) < MIN_SAMPLES:
        reason = f"not judged: {len(values)} samples after the warm-up, and {MIN_SAMPLES} are needed; soak for longer"
        return Check(metric.check, False, reason)
    found = trend(seconds, values)
    limit = max(metric.floor, metric.share * found.level)
    risen = f"{found.growth / metric.scale:+.3g} {metric.unit} in {found.seconds:.0f} s"
    text = f"{risen}, from {values[0] / metric.scale:.4g} {metric.unit}; allowed are {limit / metric.scale:.3g}"
    if found.growth <= limit or found.steadiness < STEADY:
        return Check(metric.check, True, text)
    return Check(metric.check, False, f"it grows: {text} ({found.per_hour / metric.scale:+.3g} {metric.unit} an hour)")


def check_all(samples: Sequence[SoakSample], *, model: bool, silence: str) -> tuple[Check, ...]:
    """A check for each metric; those of a model where there is one. `silence`: why the page answered no more."""
    if silence:
        after = f"{samples[-1].seconds:.0f} s" if samples else "the start"
        return (Check("soak", False, f"the page was lost after {after}: {silence}"),)
    return tuple(judge(samples, metric) for metric in METRICS if model or not metric.of_model)
