"""What is wrong between the layers of a model and its weights: tf.loadLayersModel refuses what is said here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from builder.inputs.facts import Shape
from builder.inputs.graph_flaws import Flaw
from builder.inputs.jsonfile import printable
from builder.inputs.layer_shapes import shape_entry

if TYPE_CHECKING:
    from builder.inputs.layers_model import Network
    from builder.inputs.schema import Weight

Config = Mapping[str, Any]
# The weights of a layer for an input of this shape: the part of the name behind the layer's, and the shape.
_Rule = Callable[[Config, Shape], Iterator[tuple[str, Shape]]]
_SAID = 4


class _Wish(NamedTuple):
    """A weight that a layer takes: where the layer stands, its class, and the weight's name and shape."""

    path: tuple[str | int, ...]
    kind: str
    name: str
    shape: Shape


def flaws(network: Network, weights: Mapping[str, Weight]) -> Iterator[Flaw]:
    """Weights that TensorFlow.js misses, or wants in another shape; of layers that are not in the table here, none."""
    if _numbered(weights):
        return
    wishes: dict[str, _Wish] = {}
    for wish in _wishes(network):
        if wish.name in wishes:
            yield Flaw(wish.path, f"two of its layers take the weight {_said(wish.name, wish.shape)}")
        wishes[wish.name] = wish
    given, left = _assigned(wishes, weights)
    if missing := [wish for name, wish in wishes.items() if name not in given]:
        yield Flaw(("weightsManifest",), _lost(missing, left))
    for name, weight in given.items():
        wish = wishes[name]
        if not _fits(wish.shape, weight.shape):
            taken = f"{wish.kind} takes the weight {_said(name, wish.shape)}"
            yield Flaw(wish.path, f"{taken}, and it has the shape {weight.shape}")


def _wishes(network: Network) -> Iterator[_Wish]:
    for path, layer, shapes in network.built():
        rule = _RULES.get(layer.class_name)
        if rule is None or layer.settings.get("name") != layer.title:  # TensorFlow.js would make up a name
            continue
        for part, shape in rule(layer.settings, shapes[0] if shapes else None):
            yield _Wish(path, layer.class_name, f"{layer.title}/{part}", shape)


def _numbered(weights: Mapping[str, Weight]) -> bool:
    """Names that end in numbers, which TensorFlow.js assigns by the order of a layer's weights."""
    return next(iter(weights), "").rpartition("/")[2][:1].isdigit()


def _assigned(wanted: Mapping[str, _Wish], weights: Mapping[str, Weight]) -> tuple[dict[str, Weight], list[Weight]]:
    """The weights by the names that layers want, as TensorFlow.js assigns them, and those that are left over.

    A name that nothing wants is tried without its last but one part, which is that of a cell.
    """
    given: dict[str, Weight] = {}
    left = []
    for name, weight in weights.items():
        *front, last = name.split("/")
        free = [each for each in (name, "/".join([*front[:-1], last])) if each in wanted and each not in given]
        if free:
            given[free[0]] = weight
        else:
            left.append(weight)
    return given, left


def _fits(wanted: Shape, found: Sequence[int]) -> bool:
    return wanted is None or (
        len(wanted) == len(found) and all(size in (-1, has) for size, has in zip(wanted, found, strict=True))
    )


def _lost(missing: Sequence[_Wish], left: Sequence[Weight]) -> str:
    """Both sides, since the one is often the other under a new name."""
    reason = (
        f"its layers take weights that it does not have: {_listed([_said(wish.name, wish.shape) for wish in missing])}"
    )
    if not left:
        return reason
    return f"{reason}; it has others: {_listed([_said(weight.name, tuple(weight.shape)) for weight in left])}"


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SAID} more" if len(items) > _SAID else ""
    return f"{', '.join(items[:_SAID])}{more}"


def _said(name: str, shape: Shape) -> str:
    sizes = "" if shape is None else f" [{', '.join('?' if size < 0 else str(size) for size in shape)}]"
    return f"{printable(name, 60)!r}{sizes}"


# --- what each layer takes, as TensorFlow.js makes it -----------------------------------------------------------------


def _convolution(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    filters = shape_entry(config.get("filters"))
    yield "kernel", (*_window(config), _channels(config, shape), filters)
    yield from _bias(config, filters)


def _transposed(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    filters = shape_entry(config.get("filters"))
    yield "kernel", (*_window(config), filters, _channels(config, shape))
    yield from _bias(config, filters)


def _depthwise(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    channels, times = _channels(config, shape), _multiplier(config)
    yield "depthwise_kernel", (*_window(config), channels, times)
    yield from _bias(config, _times(channels, times))


def _separable(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    channels, times, filters = _channels(config, shape), _multiplier(config), shape_entry(config.get("filters"))
    yield "depthwise_kernel", (*_window(config), channels, times)
    yield "pointwise_kernel", (1, 1, _times(channels, times), filters)
    yield from _bias(config, filters)


def _dense(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    units = shape_entry(config.get("units"))
    yield "kernel", (_at(shape, -1), units)
    yield from _bias(config, units)


def _batch_normalization(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    axes = _axes(config, shape)
    size = axes[0] if len(axes) == 1 else -1
    yield from _scaling(config, (size,))
    yield "moving_mean", (size,)
    yield "moving_variance", (size,)


def _layer_normalization(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    yield from _scaling(config, tuple(_axes(config, shape)))


def _slopes(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    shared = config.get("shared_axes") or ()
    axes = shared if isinstance(shared, list | tuple) else (shared,)
    yield "alpha", shape and tuple(1 if axis in axes else size for axis, size in enumerate(shape) if axis)


def _scaling(config: Config, shape: Shape) -> Iterator[tuple[str, Shape]]:
    if _flag(config, "scale"):
        yield "gamma", shape
    if _flag(config, "center"):
        yield "beta", shape


def _bias(config: Config, size: int) -> Iterator[tuple[str, Shape]]:
    if _flag(config, "use_bias"):
        yield "bias", (size,)


def _flag(config: Config, name: str) -> bool:
    """A setting that holds where it is not given."""
    return config.get(name) is None or bool(config[name])


def _window(config: Config) -> tuple[int, int]:
    value = config.get("kernel_size")
    both = value if isinstance(value, list) and len(value) == 2 else [value] * 2
    return shape_entry(both[0]), shape_entry(both[1])


def _multiplier(config: Config) -> int:
    value = config.get("depth_multiplier")
    return 1 if value is None else shape_entry(value)


def _times(size: int, other: int) -> int:
    return -1 if -1 in (size, other) else size * other


def _channels(config: Config, shape: Shape) -> int:
    return _at(shape, 1 if config.get("data_format") == "channels_first" else -1)


def _axes(config: Config, shape: Shape) -> list[int]:
    axis = config.get("axis", -1)
    return [_at(shape, each) for each in (axis if isinstance(axis, list) else [axis])]


def _at(shape: Shape, axis: object) -> int:
    if shape is None or not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return -1
    return shape[axis]


_RULES: Mapping[str, _Rule] = {
    "BatchNormalization": _batch_normalization,
    "Conv2D": _convolution,
    "Conv2DTranspose": _transposed,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "LayerNormalization": _layer_normalization,
    "PReLU": _slopes,
    "SeparableConv2D": _separable,
}
