"""Photos through a model before and after quantization, in headless Chromium; better scales by what it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.calibrate import Search, candidates, search
from builder.convert.folder import write_folder
from builder.convert.model import ConvertedModel
from builder.convert.quantize import NONE, Quantization
from builder.harness.browser import BrowserOptions
from builder.harness.photos import find_photos, read_photos
from builder.harness.reference import ReferencePage, reference_page
from builder.inputs.facts import ModelFacts
from builder.inputs.options import flag_settings
from builder.resolve import Options, placeholders, resolve
from builder.spec import ModelSpec

_BATCH = 8
_NAME = "Quantized"  # a specification has one; nothing is written with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Of `photos`, in how many the best class is the same; `difference` is the mean absolute difference of the scores,
    as a part of the range that they span."""

    photos: int
    same: int
    difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What a calibration came to: agreement with the model as it was, before and after the search."""

    search: Search
    first: Agreement
    last: Agreement


def calibrate(
    facts: ModelFacts, source: ConvertedModel, quantization: Quantization, given: Mapping[str, Any]
) -> Calibrated:
    """Runs the photos through the model as it is and as it would be stored, and searches better scales for as long as
    it may. Only for image classifiers, since it is the best class that is compared."""
    spec = _spec(facts, given)
    photos = read_photos(find_photos(given["photos"]), spec.preprocess, integer=spec.input.dtype == "int32")
    return asyncio.run(_calibrate(source, quantization, spec, photos, given))


def _spec(facts: ModelFacts, given: Mapping[str, Any]) -> ModelSpec:
    """How photos become the input, by the same rules as for `generate`."""
    names = ("normalize", "mean", "std", "scale", "channel_order", "input_size")
    said = flag_settings({name: given[name] for name in names}).said()
    known = {item.name for item in fields(Options)}
    options = Options(**{name: value for name, value in said.items() if name in known}, name=_NAME)
    return resolve(facts, placeholders(facts, options), options)


async def _calibrate(
    source: ConvertedModel, quantization: Quantization, spec: ModelSpec, photos: NDArray[Any], given: Mapping[str, Any]
) -> Calibrated:
    ends = time.monotonic() + given["seconds"]
    with TemporaryDirectory(prefix="tfjs-for-unity-", ignore_cleanup_errors=True) as private:
        async with reference_page(BrowserOptions(executable=given["browser"])) as page:
            bench = _Bench(page, Path(private) / "model", source, spec.output.name, photos)
            exact = await bench.scores(NONE)

            async def judge(tried: Quantization) -> float:
                return float(np.square(await bench.scores(tried) - exact).mean())

            found = await search(
                quantization, candidates(source.weights, quantization), judge, lambda: time.monotonic() >= ends
            )
            first = agreement(exact, await bench.scores(quantization))
            last = agreement(exact, await bench.scores(found.quantization))
    return Calibrated(search=found, first=first, last=last)


@dataclass(frozen=True, slots=True)
class _Bench:
    """Runs the photos through the model, stored in one way or another."""

    page: ReferencePage
    folder: Path
    model: ConvertedModel
    output: str
    photos: NDArray[Any]

    async def scores(self, quantization: Quantization) -> NDArray[np.float64]:
        """[photos, classes]."""
        write_folder(self.model, self.folder, quantization=quantization)
        await self.page.load(self.folder, "wasm")
        batches = range(0, len(self.photos), _BATCH)
        found = [await self.page.run([self.photos[i : i + _BATCH]], [self.output]) for i in batches]
        return (
            np.concatenate([next(iter(each.values())) for each in found])
            .reshape(len(self.photos), -1)
            .astype(np.float64)
        )


def agreement(exact: NDArray[np.float64], found: NDArray[np.float64]) -> Agreement:
    """How far two tables of scores [photos, classes] agree."""
    same = int((exact.argmax(axis=1) == found.argmax(axis=1)).sum())
    span = float(np.ptp(exact)) or 1.0
    return Agreement(photos=len(exact), same=same, difference=float(np.abs(exact - found).mean()) / span)
