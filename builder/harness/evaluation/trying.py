"""Tries ways of preprocessing on a model: first ranges and channel orders, then how pictures are fitted and flipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from builder.errors import BAD_DATA, UserError, problem
from builder.harness.evaluation.fitting import FITS, FLIPS, Finding, Tried, Way, judge, tried, ways
from builder.harness.evaluation.metrics import Classes, Scores
from builder.harness.evaluation.predictors import ModelOpening, ModelPredictor
from builder.harness.evaluation.samples import Sample, true_classes
from builder.harness.evaluation.stem import Stem, ruled_out
from builder.harness.images import ImageRefused, RgbImage
from builder.harness.loading import Progress
from builder.harness.photos import levels

PARTS: dict[str, Callable[[Way], object]] = {
    "normalization": lambda way: way.name,
    "channel order": lambda way: way.order,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`numbers`: normalization and channel order; `views`: fit and flip, with these numbers."""

    numbers: Finding
    views: Finding


async def find(
    opening: ModelOpening, samples: Sequence[Sample], names: Sequence[str], stem: Stem | None, progress: Progress
) -> Found:
    """Tries the normalizations `names` on all pictures; `stem` is the model's first convolution, where it is known.

    Raises:
        UserError: BAD_DATA, and what keeps the model from being opened.
    """
    truth = np.array(true_classes(samples, opening.spec.labels), np.int64)
    pictures, candidates = _read(samples), ways(opening.spec.preprocess.channels, names)
    out = (
        ruled_out(stem, [levels(picture, opening.spec.preprocess) for picture in pictures], candidates) if stem else {}
    )
    async with opening(progress) as predictor:
        assert isinstance(predictor, ModelPredictor)
        bench = _Bench(predictor, pictures, truth, progress)
        numbers = await bench.try_all(candidates)
        first = judge(numbers, truth, PARTS, out)
        views = await bench.try_all(replace(first.best, fit=fit, flip=flip) for fit in FITS for flip in FLIPS)
        second = judge(views, truth, {"fit": lambda way: way.fit, "flip": lambda way: way.flip})
    return Found(numbers=first, views=second)


def _read(samples: Sequence[Sample]) -> list[RgbImage]:
    made, problems = [], []
    for sample in samples:
        try:
            made.append(sample.pixels())
        except ImageRefused as reason:
            problems.append(problem(BAD_DATA, sample.where, reason=f"the picture {reason}"))
    if problems:
        raise UserError(problems)
    return made


@dataclass(frozen=True, slots=True)
class _Bench:
    predictor: ModelPredictor
    pictures: Sequence[RgbImage]
    truth: Classes
    progress: Progress

    async def try_all(self, candidates: Iterable[Way]) -> list[Tried]:
        """Each way on all pictures."""
        found = []
        for way in candidates:
            self.progress(f"trying {way.name}, {way.order}, {way.fit}, {way.flip}")
            found.append(tried(way, self.truth, await self._scores(way)))
        return found

    async def _scores(self, way: Way) -> Scores:
        """[n, classes], NaN where the model gives none."""
        spec = self.predictor.spec
        one = replace(self.predictor, spec=replace(spec, preprocess=way.applied(spec.preprocess)))
        rows = []
        for picture in self.pictures:
            answer = await one.predict(_flipped(picture, way.flip))
            rows.append((np.nan,) * len(spec.labels) if isinstance(answer, str) else answer.scores)
        return np.array(rows, np.float64)


def _flipped(picture: RgbImage, flip: str) -> RgbImage:
    views = {"none": picture, "mirrored": picture[:, ::-1], "upside down": picture[::-1]}
    return np.ascontiguousarray(views[flip])
