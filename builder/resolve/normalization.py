"""How 0..255 becomes the model's input: chosen by the user, never guessed, and explained for the model at hand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from builder.errors import BAD_OPTION, NORMALIZATION_UNKNOWN, Problem, problem
from builder.inputs.facts import ModelFacts
from builder.resolve.choices import bad_option, choice_problems
from builder.resolve.options import Options
from builder.resolve.shapes import TENSOR_TYPES, image_axes
from builder.spec import NORMALIZATIONS

Numbers = tuple[float, tuple[float, ...], tuple[float, ...]]
# Games and TensorFlow.js compute in 32 bits; beyond these a figure would become 0 or infinity there.
FLOAT32_TINY, FLOAT32_MAX = 2.0**-126, (2 - 2.0**-23) * 2.0**127
_BEYOND = "a number of 32 bits, as games compute with, cannot be so small or large"
_USED_BY = {
    "unit": "much of PyTorch and Keras code of one's own",
    "signed": "Keras' MobileNet and Inception, Teachable Machine",
    "imagenet": "torchvision and timm",
    "none": "models that normalize by themselves, such as Keras' EfficientNet",
}


def normalization(facts: ModelFacts, options: Options) -> Numbers:
    """(scale, mean, std) in the order of the tensor's channels; the options have no problems."""
    axes = image_axes(facts)
    assert axes is not None
    channels = axes[2]
    if _explicit(options):
        scale = 1.0 if options.scale is None else options.scale
        return scale, _spread(options.mean, 0.0, channels), _spread(options.std, 1.0, channels)
    scale, mean, std = preset(options.normalize or "none", options.channel_order)
    return scale, mean[:channels], std[:channels]


def preset(name: str, channel_order: str = "rgb") -> Numbers:
    """A preset's numbers, blue first for bgr."""
    scale, mean, std = NORMALIZATIONS[name]
    return (scale, mean[::-1], std[::-1]) if channel_order == "bgr" else (scale, mean, std)


def presets(facts: ModelFacts) -> tuple[str, ...]:
    """The presets that fit the model: ImageNet's has three channels."""
    if takes_integers(facts) or facts.mark.normalization:
        return ("none",)
    axes = image_axes(facts)
    gray = axes is not None and axes[2] == 1
    return tuple(name for name in NORMALIZATIONS if not (gray and name == "imagenet"))


def takes_integers(facts: ModelFacts) -> bool:
    """True for a model whose input tensor holds whole numbers."""
    return len(facts.inputs) == 1 and TENSOR_TYPES.get(facts.inputs[0].dtype) == "int32"


def formula(scale: float, mean: Sequence[float], std: Sequence[float]) -> str:
    """`(value / 255 - 0.5) / 0.25`."""
    text = "value" if scale == 1 else f"value / {_number(1 / scale)}"
    if any(mean):
        text += f" - {_per_channel(mean)}"
    if any(value != 1 for value in std):
        text = f"({text}) / {_per_channel(std)}" if any(mean) else f"{text} / {_per_channel(std)}"
    return text


def reach(scale: float, mean: Sequence[float], std: Sequence[float]) -> str:
    """What 0..255 becomes: `-1..1`."""
    low = min((0 - m) / s for m, s in zip(mean, std, strict=True))
    high = max((255 * scale - m) / s for m, s in zip(mean, std, strict=True))
    return f"{low:.3g}..{high:.3g}"


def normalization_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    """What is wrong with the normalization that the options ask for, or that they ask for none."""
    if options.normalize is not None:
        yield from choice_problems("--normalize", options.normalize, tuple(NORMALIZATIONS))
    if reason := own_normalization(facts):
        yield from _own_problems(reason, options)
    elif _explicit(options):
        yield from _explicit_problems(facts, options)
    elif options.normalize is None:
        yield problem(NORMALIZATION_UNKNOWN, facts.json_path, hints=_hints(facts), choices=_choices(facts, options))
    elif options.normalize in NORMALIZATIONS and options.normalize not in presets(facts):
        reason = "its mean and std are for three channels, and the model takes gray pictures"
        yield problem(BAD_OPTION, "--normalize", option="--normalize", value=options.normalize, reason=reason)


def _explicit(options: Options) -> bool:
    return any(given is not None for given in (options.mean, options.std, options.scale))


def _spread(values: tuple[float, ...] | None, default: float, channels: int) -> tuple[float, ...]:
    """One value per channel from one for all, or from one for each."""
    given = (default,) if values is None else values
    return given * channels if len(given) == 1 else given


def own_normalization(facts: ModelFacts) -> str:
    """Why the model takes 0..255 as they are, so that nothing need be asked for; empty where it does not say so."""
    if takes_integers(facts):
        tensor = facts.inputs[0]
        what = f"the model's input {tensor.name!r} takes {tensor.dtype}"
        return f"{what}, whole values of 0..255, and normalizes them itself"
    if facts.mark.normalization:
        return f"{formula(*facts.mark.normalization)} was built into the model when it was converted"
    return ""


def _own_problems(reason: str, options: Options) -> Iterator[Problem]:
    """Everything but what leaves 0..255 alone would normalize twice."""
    if options.normalize in NORMALIZATIONS and options.normalize != "none":
        yield bad_option("--normalize", options.normalize, reason)
    for option, values, neutral in (
        ("--mean", options.mean, 0.0),
        ("--std", options.std, 1.0),
        ("--scale", None if options.scale is None else (options.scale,), 1.0),
    ):
        if values is not None and any(value != neutral for value in values):
            yield bad_option(option, _list(values), reason)


def _explicit_problems(facts: ModelFacts, options: Options) -> Iterator[Problem]:
    if options.normalize is not None:
        yield bad_option(
            "--normalize", options.normalize, "--mean, --std and --scale stand in its place; give one or the other"
        )
    axes = image_axes(facts)
    for option, values in (("--mean", options.mean), ("--std", options.std)):
        yield from _number_problems(option, values, axes[2] if axes else 3)
    if options.std is not None and any(value <= 0 for value in options.std):
        yield bad_option("--std", _list(options.std), "it is divided by, so it must be above 0")
    if options.scale is None:
        unit, whole = _number(1 / 255), _number(1)
        reason = f"say what the mean and std are for: {unit} for values of 0..1, {whole} for values of 0..255"
        yield bad_option("--scale", "left out", reason)
    elif not (math.isfinite(options.scale) and options.scale > 0):
        yield bad_option("--scale", _number(options.scale), "it must be a number above 0")
    elif not FLOAT32_TINY <= options.scale <= FLOAT32_MAX:
        yield bad_option("--scale", _number(options.scale), _BEYOND)


def _number_problems(option: str, values: tuple[float, ...] | None, channels: int) -> Iterator[Problem]:
    if values is None:
        return
    if len(values) not in (1, channels):
        needed = "one number" if channels == 1 else f"one number, or {channels}, one per channel"
        yield bad_option(option, _list(values), f"the model takes {needed}")
    if not all(math.isfinite(value) for value in values):
        yield bad_option(option, _list(values), "it must be made of finite numbers")
    elif not all(value == 0 or FLOAT32_TINY <= abs(value) <= FLOAT32_MAX for value in values):
        yield bad_option(option, _list(values), _BEYOND)


def _hints(facts: ModelFacts) -> str:
    """What the model itself shows of a normalization."""
    if not facts.leading:
        return ""
    return f"; it begins with {', '.join(facts.leading)} of its own, which comes on top"


def _choices(facts: ModelFacts, options: Options) -> str:
    """One line per preset: the flag, its formula for this model, the range, and who uses it."""
    axes = image_axes(facts)
    channels = axes[2] if axes and axes[2] > 0 else 3
    rows = [("--normalize " + name, *_row(name, channels, options.channel_order)) for name in presets(facts)]
    rows.append(
        ("--scale S --mean M --std D", "(value * S - M) / D", "any", "any other, with the figures of the training code")
    )
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    padded = ("  ".join(text.ljust(width) for text, width in zip(row[:3], widths, strict=True)) for row in rows)
    return "".join(f"\n           {line}  {row[3]}" for line, row in zip(padded, rows, strict=True))


def _row(name: str, channels: int, channel_order: str) -> tuple[str, str, str]:
    scale, mean, std = preset(name, channel_order)
    numbers = (scale, mean[:channels], std[:channels])
    return formula(*numbers), reach(*numbers), _USED_BY[name]


def _number(value: float) -> str:
    return f"{value:.6g}"


def _per_channel(values: Sequence[float]) -> str:
    """`0.5` if all channels are alike, else `(0.485, 0.456, 0.406)`."""
    texts = [_number(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else f"({', '.join(texts)})"


def _list(values: Sequence[float]) -> str:
    return ",".join(_number(value) for value in values)
