"""Outputs that are pictures: which they are, and what they are likely to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from builder.errors import UNSUPPORTED_MODEL, Problem, problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.resolve.choices import bad_option
from builder.resolve.options import Options
from builder.resolve.shapes import TENSOR_TYPES, image_axes, listed, plain_name, shape_text
from builder.spec import Layout

# An output that is coarser than this is rather a detector's grid of cells than a label map.
_COARSEST = 8


@dataclass(frozen=True, slots=True)
class Grid:
    """An output's axes, -1 where free."""

    height: int
    width: int
    channels: int


def layout_of(facts: ModelFacts) -> Layout:
    """The order of an output's axes is that of the input's."""
    return facts.layout or "NHWC"


def grid_of(facts: ModelFacts, tensor: TensorFacts) -> Grid | None:
    """None for what is no picture: [batch, height, width, channels] or, of one channel, [batch, height, width]."""
    shape = tensor.shape
    if (
        shape is None
        or TENSOR_TYPES.get(tensor.dtype) != "float32"
        or len(shape) not in (3, 4)
        or shape[0] not in (-1, 1)
    ):
        return None
    if len(shape) == 3:
        return Grid(shape[1], shape[2], 1)
    _, first, second, third = shape
    return Grid(second, third, first) if layout_of(facts) == "NCHW" else Grid(first, second, third)


def picture_outputs(facts: ModelFacts, accepts: Callable[[int], bool]) -> tuple[TensorFacts, ...]:
    """The outputs that are pictures of an accepted number of channels."""
    grids = ((tensor, grid_of(facts, tensor)) for tensor in facts.outputs)
    return tuple(tensor for tensor, grid in grids if grid and accepts(grid.channels))


def chosen_picture(facts: ModelFacts, options: Options, accepts: Callable[[int], bool]) -> TensorFacts | None:
    """The output that was named; without a name the only one, or the only one that can be."""
    if options.output is not None:
        named = (tensor for tensor in facts.outputs if plain_name(tensor.name) == plain_name(options.output))
        return next(named, None)
    candidates = facts.outputs if len(facts.outputs) == 1 else picture_outputs(facts, accepts)
    return candidates[0] if len(candidates) == 1 else None


def picture_problems(
    facts: ModelFacts, options: Options, accepts: Callable[[int], bool], wanted: str
) -> Iterator[Problem]:
    """Why there is no output of the `wanted` shape."""
    tensor = chosen_picture(facts, options, accepts)
    if tensor is None and options.output is not None:
        yield bad_option("--output", repr(options.output), f"the model's outputs are {listed(facts.outputs)}")
    elif tensor is None:
        candidates = picture_outputs(facts, accepts) or facts.outputs
        remedy = f"Add --output with the name of one, for example --output {candidates[0].name}." if candidates else ""
        count = "several of its outputs could be it" if picture_outputs(facts, accepts) else "none of its outputs is it"
        reason = f"the task takes one output {wanted}, and {count}: {listed(candidates)}"
        yield problem(UNSUPPORTED_MODEL, facts.json_path, reason=reason, remedy=remedy or "Export the network whole.")
    else:
        yield from _shape_problems(facts, tensor, accepts, wanted)


def _shape_problems(
    facts: ModelFacts, tensor: TensorFacts, accepts: Callable[[int], bool], wanted: str
) -> Iterator[Problem]:
    grid = grid_of(facts, tensor)
    if grid is None or grid.channels < 1 or not accepts(grid.channels):
        text = f"its output {tensor.name!r} is {tensor.dtype} {shape_text(tensor.shape)}"
        remedy = "Export it with a float32 output of that shape, before any argmax, or name another one by --output."
        yield problem(UNSUPPORTED_MODEL, facts.json_path, reason=f"{text} instead of {wanted}", remedy=remedy)
    elif mismatch := _mismatch(facts, grid):
        reason = f"its output {tensor.name!r} {shape_text(tensor.shape)} {mismatch}"
        remedy = "Export it with an output of the input's proportions, or name another one by --output."
        yield problem(UNSUPPORTED_MODEL, facts.json_path, reason=reason, remedy=remedy)


def _mismatch(facts: ModelFacts, grid: Grid) -> str | None:
    """A picture whose proportions are not the input's cannot lie over it; sizes are compared to within a pixel."""
    axes = image_axes(facts)
    if axes is None or min(axes[0], axes[1], grid.height, grid.width) < 1:
        return None
    height, width = axes[:2]
    off = abs(grid.height * width - grid.width * height)
    if off < max(width, height):
        return None
    return f"is {grid.width}x{grid.height} pixels, which has not the proportions of its input's {width}x{height}"


def is_fine(facts: ModelFacts, grid: Grid) -> bool:
    """Whether an output has the input's proportions and is no coarser than a map of it would be; also where that
    cannot be said."""
    axes = image_axes(facts)
    if axes is None or _mismatch(facts, grid):
        return False
    return min(axes[0], grid.height) < 1 or grid.height * _COARSEST >= axes[0]
