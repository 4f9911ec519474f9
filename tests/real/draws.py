"""`find-preprocessing` judged on many draws of ten pictures. What a model answers is asked for once a picture and way.

The rules of `stem` were made with these networks in view, among others; see docs/evaluate.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.harness.evaluation.fitting import Tried, Way, judge, tried
from builder.harness.evaluation.stem import Stem, ruled_out
from builder.harness.evaluation.trying import PARTS
from builder.harness.photos import as_input, levels
from builder.spec import Preprocess

DRAWS, SIZE = 200, 10
Ask = Callable[[NDArray[np.float32]], Awaitable[NDArray[np.float64]]]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Pictures [h, w, channels] as the model sees them, their classes, and its scores [n, classes] in every way."""

    stem: Stem | None
    seen: Sequence[NDArray[np.uint8]]
    truth: NDArray[np.int64]
    scores: dict[Way, NDArray[np.float64]]
    independent: bool = False

    def part(self, places: NDArray[Any]) -> Any:  # noqa: ANN401
        """What is found out by the pictures at these places."""
        truth = self.truth[places]
        found: list[Tried] = [
            tried(way, truth, scores[places], independent=self.independent) for way, scores in self.scores.items()
        ]
        out = ruled_out(self.stem, [self.seen[i] for i in places], list(self.scores)) if self.stem else {}
        return judge(found, truth, PARTS, out)


async def asked(
    ask: Ask, pictures: Sequence[NDArray[np.uint8]], how: Preprocess, candidates: Sequence[Way]
) -> dict[Way, NDArray[np.float64]]:
    """The scores of pictures that have the model's size already."""
    made = {}
    for way in candidates:
        fed = [as_input(picture, way.applied(how))[None] for picture in pictures]
        made[way] = np.array([await ask(tensor) for tensor in fed], np.float64)
    return made


def fitted(pictures: Sequence[NDArray[np.uint8]], how: Preprocess) -> list[NDArray[np.uint8]]:
    return [levels(picture, how) for picture in pictures]


def verdicts(pool: Pool, name: str, order: str, draws: int = DRAWS, seed: int = 2026) -> Counter[str]:
    """How often "sure and right", "sure and wrong", "not sure", of the normalization `name` and the channel order."""
    random, found = np.random.default_rng(seed), Counter[str]()
    for _ in range(draws):
        finding = pool.part(random.choice(len(pool.truth), SIZE, replace=False))
        right = {"normalization": finding.best.name == name, "channel order": finding.best.order == order}
        sure = [part for part in PARTS if finding.is_sure(part)]
        if any(not right[part] for part in sure):
            found["sure and wrong"] += 1
        else:
            found["sure and right" if len(sure) == len(PARTS) else "not sure"] += 1
    return found
