"""Does a converted model compute what its source does? Numbers in, verdict out; nothing runs here.

Both sides have answered the same inputs. An output's differences are measured against how far that output moves from
one input to the next: what is the same for all inputs says nothing about the layers before it, however large it is.
Probabilities are compared a second time as scores before the softmax, since those of a network with many classes are
all close to zero. An output that hardly moves at all proves nothing, and does not pass for proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Precision = Literal["float32", "float16", "uint16", "uint8"]
Array: TypeAlias = NDArray[Any]
Outputs: TypeAlias = Mapping[str, Array]

# Of an output's movement. Conversions differ by the order in which products are added, about 1e-6.
TOLERANCE: Mapping[Precision, float] = {"float32": 1e-4, "float16": 1e-2, "uint16": 1e-2, "uint8": 1e-1}
# Of classes: a step of uint8 may turn the order of two classes that are nearly alike.
AGREEMENT: Mapping[Precision, float] = {"float32": 1.0, "float16": 1.0, "uint16": 0.9, "uint8": 0.9}
_FLAT = 1e-3  # movement, as part of the largest value, below which rounding could be all there is
# As part of the largest value: an output that moves by less is judged as if it moved by that. The tolerance of 1e-4
# of it are 17 steps of float32, and layers round by as many.
_LEAST_MOVEMENT = 0.02
_FLAT_LOGITS = 2e-3  # movement of scores below which float32 probabilities do not carry it
_LEAST_PROBABILITY = 1e-30  # logarithms of smaller ones are those of rounding
_LEAST_CHANNEL = 0.1  # of the median channel's movement: one that is nearly still is judged like a tenth of that
# The lead of the best class, as part of the movement, that such weights may turn.
_UNDECIDED: Mapping[Precision, float] = {"float32": 2e-4, "float16": 2e-2, "uint16": 2e-2, "uint8": 5e-2}
# Quantized weights move every score by some steps; what counts is which class wins.
_BY_CLASS = ("uint16", "uint8")
_SUM = 1e-3  # by which the probabilities of a row may miss 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far two arrays are apart: `largest` and `mean` as they are, `movement` what the source's values range over
    from input to input, `share` the same as part of the largest value, `relative` the largest difference as part of
    the movement."""

    largest: float
    mean: float
    movement: float
    share: float
    relative: float
    flat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputParity:
    """One output. `before_softmax` is there for probabilities; `agreement`, the share of inputs whose best class is the
    same, for scores. `why` says what is wrong; `flat` alone that nothing is proved."""

    name: str
    difference: Difference | None = None
    before_softmax: Difference | None = None
    agreement: float | None = None
    flat: bool = False
    why: tuple[str, ...] = ()

    def figures(self) -> dict[str, float]:
        """The numbers that there are, by the names that model.json uses."""
        plain, logits = self.difference, self.before_softmax
        found = {"largest": plain.largest, "mean": plain.mean, "relative": plain.relative} if plain else {}
        found |= {"relativeBeforeSoftmax": logits.relative} if logits else {}
        return found | ({"agreement": self.agreement} if self.agreement is not None else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """The verdict on a model: `inputs` is their number, `tolerance` what `relative` was held against."""

    precision: Precision
    tolerance: float
    inputs: int
    outputs: tuple[OutputParity, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it failed, output by output; empty if all agree."""
        return tuple(f"the output {out.name!r} {why}" for out in self.outputs for why in out.why)

    @property
    def flat(self) -> tuple[str, ...]:
        """Outputs that prove nothing."""
        return tuple(out.name for out in self.outputs if out.flat)


def compare(
    source: Sequence[Outputs], result: Sequence[Outputs], *, precision: Precision, tolerance: float | None = None
) -> Parity:
    """The verdict on answers to the same inputs, one mapping of outputs per input, on both sides in the same order.

    Outputs of the source that the result lacks, other shapes and non-finite values fail. `precision` is what the
    result's weights are stored as, the coarsest of them. An output called `before(name)` holds the scores of `name`.
    """
    assert source and len(source) == len(result)
    judge = _Judge(precision, tolerance)
    scores = {name: before(name) for name in source[0] if before(name) in source[0]}
    found = {
        name: judge.output(
            name, [s[name] for s in source], [r.get(name) for r in result], logarithms=name not in scores
        )
        for name in source[0]
    }
    outputs = [
        _with_scores(out, found[scores[name]] if name in scores else None)
        for name, out in found.items()
        if name not in scores.values()
    ]
    return Parity(precision=precision, tolerance=judge.limit, inputs=len(source), outputs=tuple(outputs))


def before(name: str) -> str:
    """What the scores behind an output's softmax are called, where both sides can give them."""
    return f"{name} before its softmax"


def _with_scores(found: OutputParity, scores: OutputParity | None) -> OutputParity:
    """The verdict on probabilities, with that on the scores they are made of in place of what logarithms tell."""
    if scores is None:
        return found
    why = (*found.why, *(f"before its softmax {reason}" for reason in scores.why))
    return replace(found, before_softmax=scores.difference, flat=scores.flat and not why, why=why)


def varies(source: Sequence[Outputs]) -> bool:
    """True if each output of the source moves enough from input to input to prove something."""
    return not compare(source, source, precision="float32").flat


def least_share(source: Sequence[Outputs]) -> float:
    """How well answers suit a comparison: the smallest movement of an output as part of its largest value, 0 where one
    proves nothing. The smaller it is, the more of a difference is rounding."""
    found = compare(source, source, precision="float32")
    shares = [each.share for out in found.outputs for each in (out.difference, out.before_softmax) if each]
    return 0.0 if found.flat or found.reasons else min(shares, default=1.0)


@dataclass(frozen=True, slots=True)
class _Judge:
    precision: Precision
    tolerance: float | None

    @property
    def limit(self) -> float:
        return TOLERANCE[self.precision] if self.tolerance is None else self.tolerance

    def output(
        self, name: str, source: Sequence[Array], result: Sequence[Array | None], *, logarithms: bool
    ) -> OutputParity:
        sides = _sides(source, result)
        if isinstance(sides, str):
            return OutputParity(name=name, why=(sides,))
        if sides[0].dtype.kind == "f":
            return self._floats(name, *(side.astype(np.float64) for side in sides), logarithms=logarithms)
        return self._whole_numbers(name, *sides)

    def _whole_numbers(self, name: str, source: Array, result: Array) -> OutputParity:
        """Whole numbers are classes, places or truths: the same or not."""
        same = float((source == result).mean()) if source.size else 1.0
        flat = bool((source == source[:1]).all())
        why = (f"gives the same whole numbers in {same:.0%} only",) if same < AGREEMENT[self.precision] else ()
        return OutputParity(name=name, agreement=same, flat=flat and not why, why=why)

    def _floats(self, name: str, source: Array, result: Array, *, logarithms: bool) -> OutputParity:
        plain, logits, best = difference(source, result), None, None
        if is_scores(source):
            best = agreement(source, result, _UNDECIDED[self.precision] * plain.movement)
            logits = before_softmax(source, result) if logarithms and is_probabilities(source) else None
        decided = best is not None and self.tolerance is None and self.precision in _BY_CLASS and tells_apart(source)
        why = tuple(self._reasons(plain, logits, best, by_class=decided))
        flat = (plain if logits is None else logits).flat
        return OutputParity(
            name=name, difference=plain, before_softmax=logits, agreement=best, flat=flat and not why, why=why
        )

    def _reasons(
        self, plain: Difference, logits: Difference | None, best: float | None, *, by_class: bool
    ) -> Iterator[str]:
        if best is not None and best < AGREEMENT[self.precision]:
            yield f"gives the same best class for {best:.0%} of the inputs only"
        if by_class:
            return
        for found, where in ((plain, ""), (logits, " before its softmax")):
            if found is not None and found.relative > self.limit:
                yield (
                    f"differs by {found.relative:.2g} of what it ranges over{where}, more than {self.limit:g} "
                    f"(at most by {found.largest:.3g}, on average by {found.mean:.3g})"
                )


def _sides(source: Sequence[Array], result: Sequence[Array | None]) -> tuple[Array, Array] | str:
    """Both sides as [inputs, …], as [values, 1] where the shape depends on the input; or what is wrong with them."""
    given = list(zip(source, result, strict=True))
    pairs = [(s, r) for s, r in given if r is not None]
    if len(pairs) < len(given):
        return "is not among the converted model's"
    obstacles = (_obstacle(s, r) for s, r in pairs)
    if found := next((obstacle for obstacle in obstacles if obstacle), None):
        return found
    if len({s.shape for s, _ in pairs}) > 1:
        left, right = (np.concatenate([side.reshape(-1) for side in sides]) for sides in zip(*pairs, strict=True))
        return left[:, None], right[:, None]
    left, right = (np.stack(sides) for sides in zip(*pairs, strict=True))
    return left, right


def _obstacle(source: Array, result: Array) -> str | None:
    """What makes a comparison of numbers meaningless."""
    if source.shape != result.shape:
        return f"has the shape {_shape(result)} instead of {_shape(source)}"
    for side, array in (("the source's", source), ("the converted model's", result)):
        bad = int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else 0
        if bad:
            return f"is not finite: {bad} of {side} {array.size} values"
    return None


def _shape(array: Array) -> str:
    return "[" + ", ".join(map(str, array.shape)) + "]"


def is_scores(source: Array) -> bool:
    """True for [inputs, 1, classes] or [inputs, classes]: one score for each of several classes."""
    return source.ndim in (2, 3) and source.shape[1:-1] in ((), (1,)) and source.shape[-1] > 1


def is_probabilities(source: Array) -> bool:
    """True if no score is negative and each row sums to 1."""
    return bool((source >= 0).all() and np.allclose(source.sum(axis=-1), 1, atol=_SUM))


def tells_apart(source: Array) -> bool:
    """True if not all rows have the same best class: where all have, agreement on it says little."""
    return len(np.unique(source.argmax(axis=-1))) > 1


def agreement(source: Array, result: Array, margin: float) -> float | None:
    """The share of rows whose best class is the same, of those where the source's leads by more than `margin`; None
    without any."""
    second, first = np.moveaxis(np.partition(source, -2, axis=-1)[..., -2:], -1, 0)
    decided = first - second > margin
    same = source.argmax(axis=-1) == result.argmax(axis=-1)
    return float(same[decided].mean()) if decided.any() else None


def before_softmax(source: Array, result: Array) -> Difference:
    """The difference of the scores behind two arrays of probabilities.

    The logarithm of a probability is its score up to a number that a row has in common; less their mean, rows of both
    sides compare. Classes whose probability is too small to have a true logarithm are left out on both sides.
    """
    kept = np.minimum(source, np.maximum(result, 0)) > _LEAST_PROBABILITY
    sides = [_centred(np.log(np.where(kept, side, 1.0)), kept) for side in (source, result)]
    return difference(*sides, still=_FLAT_LOGITS)


def _centred(values: Array, kept: Array) -> Array:
    count = np.maximum(kept.sum(axis=-1, keepdims=True), 1)
    centred: Array = np.where(kept, values - values.sum(axis=-1, keepdims=True, where=kept) / count, 0.0)
    return centred


def difference(source: Array, result: Array, *, still: float = 0.0) -> Difference:
    """How far two arrays [inputs, …] are apart; movement up to `still` counts as none.

    Channels of different units (the boxes and the classes of a detector) are measured each against its own movement:
    channels are the shortest axis of what has several. Where nothing moves, differences are measured against the
    source's largest value, and nowhere against less than a fiftieth of that.
    """
    if source.size == 0:
        return Difference(largest=0.0, mean=0.0, movement=0.0, share=0.0, relative=0.0, flat=True)
    apart, moves, sizes = np.abs(source - result), np.ptp(source, axis=0), np.abs(source).max(axis=0)
    movement, size = float(moves.max()), float(sizes.max())
    flat = movement <= max(_FLAT * size, still)
    scale = np.asarray(max(size, still) or 1.0) if flat else _channel_movement(moves, sizes)
    return Difference(
        largest=float(apart.max()),
        mean=float(apart.mean()),
        movement=movement,
        share=movement / (size or 1.0),
        relative=float((apart.max(axis=0) / scale).max()),
        flat=flat,
    )


def _channel_movement(moves: Array, sizes: Array) -> Array:
    """What the differences at each place are divided by, in a shape that broadcasts; above zero."""
    longer = [axis for axis, size in enumerate(moves.shape) if size > 1]
    if len(longer) < 2:
        return np.asarray(max(moves.max(), _LEAST_MOVEMENT * sizes.max()))
    channels = min(longer, key=lambda axis: moves.shape[axis])
    others = tuple(axis for axis in range(moves.ndim) if axis != channels)
    own, size = (values.max(axis=others, keepdims=True) for values in (moves, sizes))
    least: Array = np.maximum.reduce([own, _LEAST_MOVEMENT * size, np.full_like(own, _still_channel(own))])
    return least


def _still_channel(own: Array) -> float:
    return float(_LEAST_CHANNEL * np.median(own[own > 0]))
