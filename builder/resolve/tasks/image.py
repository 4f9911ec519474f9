"""Pictures from pictures."""

from __future__ import annotations

from collections.abc import Iterator

from builder.errors import OUTPUT_RANGE_UNKNOWN, Problem, problem
from builder.inputs.facts import ModelFacts, TensorFacts
from builder.resolve.choices import bad_option
from builder.resolve.options import Options
from builder.resolve.shapes import image_axes, shape_text
from builder.resolve.tasks.kind import Guess, TaskKind
from builder.resolve.tasks.pictures import Grid, chosen_picture, grid_of, is_fine, layout_of, picture_problems
from builder.spec import ChannelOrder, Image, ModelSpec, Tiling

_WANTED = "[batch, height, width, 3]"
_CHANNELS = (1, 3, 4)
# The last operation of a network bounds what it gives.
_RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}


def _accepts(channels: int) -> bool:
    return channels in _CHANNELS


def _likely(channels: int) -> bool:
    return channels == 3


def _chosen(facts: ModelFacts, options: Options) -> TensorFacts | None:
    """Of several outputs the one of three channels, unless one is named."""
    return chosen_picture(facts, options, _likely) or chosen_picture(facts, options, _accepts)


def _problems(facts: ModelFacts, labels: tuple[str, ...], options: Options) -> Iterator[Problem]:
    if _chosen(facts, options) is None or options.output is not None or len(facts.outputs) == 1:
        yield from picture_problems(facts, options, _accepts, _WANTED)
    if labels:
        yield bad_option("--labels", f"{len(labels)} labels", "pictures have no labels")
    if options.output_range is None:
        if _bounds(facts, options) is None:
            yield problem(OUTPUT_RANGE_UNKNOWN, facts.json_path)
    elif not options.output_range[0] < options.output_range[1]:
        low, high = options.output_range
        yield bad_option("--output-range", f"{low:g}..{high:g}", "the first number is less than the second")
    yield from _tile_problems(facts, options)


def _tile_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    margin, axes = options.tile_margin, image_axes(facts)
    if margin is None or axes is None:
        return
    width, height = options.input_size or (axes[1], axes[0])
    if margin < 0 or 0 < min(width, height) <= 2 * margin:
        yield bad_option("--tile-margin", margin, f"of tiles of {width}x{height} pixels less than half may be margin")
    grid = _grid(facts, options)
    if grid and min(axes[0], axes[1], grid.height, grid.width) > 0:
        if grid.width % axes[1] or grid.height != axes[0] * (grid.width // axes[1]):
            reason = (
                f"results of {grid.width}x{grid.height} pixels are no whole multiple of tiles of {axes[1]}x{axes[0]}"
            )
            yield bad_option("--tile-margin", margin, reason)


def _grid(facts: ModelFacts, options: Options) -> Grid | None:
    tensor = _chosen(facts, options)
    return grid_of(facts, tensor) if tensor else None


def _bounds(facts: ModelFacts, options: Options) -> tuple[float, float] | None:
    tensor = _chosen(facts, options)
    return options.output_range or (_RANGES.get(tensor.activation) if tensor else None)


def _placeholders(_: ModelFacts, __: Options) -> tuple[str, ...]:
    return ()


def _outputs(facts: ModelFacts, _: tuple[str, ...], options: Options) -> tuple[TensorFacts, ...]:
    tensor = _chosen(facts, options)
    assert tensor is not None
    return (tensor,)


def _image(facts: ModelFacts, _: tuple[str, ...], options: Options) -> Image:
    bounds, axes = _bounds(facts, options), image_axes(facts)
    assert bounds is not None and axes is not None
    tiling = None
    if options.tile_margin is not None:
        # ONNX Runtime's sessions are handed arrays of one size.
        tiling = Tiling(margin=options.tile_margin, free=max(axes[:2]) < 0 and facts.format != "onnx")
    order: ChannelOrder = "bgr" if options.channel_order == "bgr" else "rgb"
    return Image(layout=layout_of(facts), channel_order=order, low=bounds[0], high=bounds[1], tiling=tiling)


def _remarks(facts: ModelFacts, spec: ModelSpec) -> Iterator[str]:
    axes = image_axes(facts)
    assert isinstance(spec.task, Image)
    if spec.task.tiling is None and axes and min(axes[:2]) < 0:
        pre = spec.preprocess
        size = f"{pre.width}x{pre.height}"
        yield f"pictures are resized to {size}; --tile-margin 16 lets them keep their own size, in tiles"


def _guesses(facts: ModelFacts) -> tuple[Guess, ...]:
    grids = ((tensor, grid_of(facts, tensor)) for tensor in facts.outputs)
    return tuple(_guess(facts, tensor, grid) for tensor, grid in grids if grid and grid.channels in (3, 4))


def _guess(facts: ModelFacts, tensor: TensorFacts, grid: Grid) -> Guess:
    what = f"{tensor.name} {shape_text(tensor.shape)}: a picture"
    certain = len(facts.outputs) == 1 and grid.channels == 3 and is_fine(facts, grid)
    return Guess(what, f"--task image --output {tensor.name}", certain)


IMAGE = TaskKind(
    problems=_problems,
    placeholders=_placeholders,
    outputs=_outputs,
    task=_image,
    remarks=_remarks,
    guesses=_guesses,
    own_labels=_placeholders,
)
