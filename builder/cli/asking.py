"""What source and converted model are asked, and what the source answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.convert.parity import least_share
from builder.convert.ports import Numbers, Signature, SignedInput, picture_of
from builder.convert.samples import sample_sets
from builder.errors import BAD_OPTION, UserError, fail
from builder.harness.photos import find_photos, read_photos
from builder.inputs.jsonfile import printable
from builder.spec import Preprocess

Array = NDArray[Any]
Arrays = dict[str, Array]

MAX_PHOTOS = 16
_WELL = 0.1  # movement, as part of the largest value, beside which rounding is small


@dataclass(frozen=True)
class _Tried:
    inputs: list[Arrays]
    answers: list[Arrays]

    @cached_property
    def share(self) -> float:
        return least_share(self.answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """`answer` runs the source on arrays in its own form. `numbers` are the normalization of the training, where it is
    stated, one per channel or one for all; `baked` says that the converted model does it itself, `softmax` that it ends
    in one that the source lacks. `size` (width, height) is for pictures of any size."""

    signature: Signature
    answer: Callable[[Sequence[Arrays]], list[Arrays]]
    numbers: Numbers | None = None
    baked: bool = False
    softmax: frozenset[str] = frozenset()
    size: tuple[int, int] | None = None

    def seeded(self) -> tuple[list[Arrays], list[Arrays]]:
        """Inputs as the converted model takes them, with the source's answers in its form: the first set from which
        every output moves well, or else the set that moves them best."""
        first, *others = self._sets()
        tried = [_Tried(first, self.answers(first))]
        if others and tried[0].share < _WELL:
            # At once: a source in a process of its own takes seconds to start.
            answers = iter(self.answers([given for inputs in others for given in inputs]))
            tried += [_Tried(inputs, list(islice(answers, len(inputs)))) for inputs in others]
        well = (each for each in tried if each.share >= _WELL)
        chosen = next(well, None) or max(tried, key=lambda each: each.share)
        return chosen.inputs, chosen.answers

    def pictured(self, photos: Path) -> tuple[list[Arrays], list[Arrays]]:
        """The same for photos.

        Raises:
            UserError: BAD_OPTION, BAD_PHOTOS.
        """
        picture = picture_of(self.signature)
        if picture is None or len(self.signature.inputs) != 1:
            raise _bad(photos, "the model takes something else than one picture")
        if self.numbers is None and picture.dtype == "float32":
            raise _bad(photos, "their normalization is not stated; give --normalize, or --scale, --mean and --std")
        inputs = self._pictures(photos, picture)
        return inputs, self.answers(inputs)

    def answers(self, inputs: Sequence[Arrays]) -> list[Arrays]:
        """What the source says to inputs of the converted model, in that model's form."""
        found = self.answer([self._for_source(given) for given in inputs])
        ordered = [self.signature.from_source(answers) for answers in found]
        return [{name: self._ended(name, values) for name, values in answers.items()} for answers in ordered]

    def _sets(self) -> Iterator[list[Arrays]]:
        sets = sample_sets([port.port(self.size) for port in self.signature.inputs], levels=self.numbers is not None)
        for number, inputs in enumerate(sets):
            levels = self.numbers is not None and number == 0
            yield [self._normalized(given) for given in inputs] if levels and not self.baked else inputs
            if self.baked:
                return  # such a model takes nothing but levels

    def _for_source(self, given: Arrays) -> Arrays:
        values = self._normalized(given) if self.baked else given
        return {port.name: port.for_source(values[port.name]) for port in self.signature.inputs}

    def _normalized(self, given: Arrays) -> Arrays:
        """Levels of 0..255 → what the training's normalization makes of them, for the picture."""
        picture = picture_of(self.signature)
        if picture is None or self.numbers is None:
            return given
        scale, mean, std = (np.asarray(number, np.float32) for number in self.numbers)
        last = np.moveaxis(given[picture.name], picture.channel_axis or 0, -1)
        normalized = np.moveaxis((last * scale - mean) / std, -1, picture.channel_axis or 0)
        return given | {picture.name: normalized.astype(np.float32)}

    def _pictures(self, photos: Path, picture: SignedInput) -> list[Arrays]:
        """The photos, stretched to the input's size; levels of 0..255 where the model normalizes itself."""
        port = picture.port(self.size)
        planar = picture.channel_axis == 1
        channels, height, width = (port.shape[axis] for axis in ((1, 2, 3) if planar else (3, 1, 2)))
        levels = self.baked or self.numbers is None
        scale, mean, std = (1.0, (0.0,), (1.0,)) if levels or self.numbers is None else self.numbers
        pre = Preprocess(
            width=width,
            height=height,
            color="gray" if channels == 1 else "rgb",
            channel_order="rgb",
            layout="NCHW" if planar else "NHWC",
            fit="stretch",
            filter="triangle",
            pad=(0, 0, 0),
            scale=scale,
            mean=_each(mean, channels),
            std=_each(std, channels),
        )
        made = read_photos(_some(find_photos(photos)), pre, integer=port.dtype != "float32")
        return [{port.name: values[None]} for values in made]

    def _ended(self, name: str, values: Array) -> Array:
        if name not in self.softmax:
            return values
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        ended: Array = powers / powers.sum(axis=-1, keepdims=True)
        return ended


def _bad(photos: Path, reason: str) -> UserError:
    return fail(BAD_OPTION, "--photos", option="--photos", value=printable(str(photos)), reason=reason)


def _each(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return values * channels if len(values) == 1 else values


def _some(files: Sequence[Path]) -> Sequence[Path]:
    """At most MAX_PHOTOS, evenly spread."""
    return files[:: -(-len(files) // MAX_PHOTOS)]
