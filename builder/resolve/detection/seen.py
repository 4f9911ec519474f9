"""What a detector's outputs could be: candidates and why, misfits and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from builder.inputs.facts import TensorFacts
from builder.resolve.shapes import TENSOR_TYPES
from builder.spec.tasks.detection import AnchorLayer, Corners, DetectionForm, ScoreActivation, Units

# Last operations after which scores lie in 0..1.
_BOUNDED = frozenset({"softmax", "sigmoid", "hard_sigmoid", "hardsigmoid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user says about the outputs. None: not said, so that each form takes what is usual with it.

    `columns` names the columns of finished boxes, `_` for those that are nothing: `box`, which is four, `score` and
    `class`. `anchors` come with the name that they were asked for by.
    """

    form: str | None = None
    columns: tuple[str, ...] | None = None
    corners: Corners | None = None
    units: Units | None = None
    activation: ScoreActivation | None = None
    anchors: tuple[str, tuple[AnchorLayer, ...]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Outputs of a network whose input is `width` x `height` pixels, and what is said about them."""

    outputs: tuple[TensorFacts, ...]
    width: int
    height: int
    wishes: Wishes = Wishes()

    def cells(self, strides: Sequence[int]) -> int:
        """How many cells grids of these strides have together."""
        return sum(-(-self.width // stride) * -(-self.height // stride) for stride in strides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A way to read outputs. `name` is what `--form` calls it, `outputs` are those that it reads, in its order,
    `classes` how many labels it needs, None where the shapes do not say. `why` says what speaks for it; `certain`:
    nothing else that is known has such outputs."""

    name: str
    form: DetectionForm
    outputs: tuple[TensorFacts, ...]
    classes: int | None
    why: str
    certain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Why outputs that look like those of a form are not, with the numbers on both sides."""

    name: str
    reason: str


Finding = Candidate | Misfit


def inner(tensor: TensorFacts) -> tuple[int, ...] | None:
    """The axes after a batch of one; None where one is free, or where the numbers are no scores and boxes."""
    shape = tensor.shape
    if shape is None or not shape or TENSOR_TYPES.get(tensor.dtype) != "float32":
        return None
    batch, *axes = shape
    return tuple(axes) if batch in (-1, 1) and all(size > 0 for size in axes) else None


def tables(outputs: Sequence[TensorFacts]) -> list[tuple[TensorFacts, int, int]]:
    """Outputs [1, rows, columns], with rows and columns; [1, rows, 1, columns] counts as such a one."""
    found = []
    for tensor in outputs:
        axes = inner(tensor)
        if axes and len(axes) == 3 and axes[1] == 1:
            axes = (axes[0], axes[2])
        if axes and len(axes) == 2:
            found.append((tensor, *axes))
    return found


def activation_of(seen: Seen, scores: TensorFacts, usual: ScoreActivation) -> ScoreActivation:
    """What the scores still need: as the user says, nothing where the graph ends in it, else what is usual."""
    return seen.wishes.activation or ("none" if scores.activation in _BOUNDED else usual)
