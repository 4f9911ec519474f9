"""From a source to a TensorFlow.js folder that computes the same: what `convert` does, and `generate` first."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from builder.cli.checking import Checking
from builder.cli.packing import Packed, packed
from builder.convert.bake import append_softmax, bake_normalize, set_input_size
from builder.convert.folder import MARK, METADATA, SHARD_BYTES, Sizes, refuse_foreign, write_folder
from builder.convert.from_onnx import OnnxOptions
from builder.convert.from_onnx import convert as convert_onnx
from builder.convert.from_onnx.options import InputLayout
from builder.convert.from_tensorflow import SourceKind
from builder.convert.model import ConvertedModel
from builder.convert.ports import Numbers, fitting, matching, picture_of, signature_of
from builder.convert.quantize import NONE, Quantization, rule_problems
from builder.convert.sources import Source, find_source
from builder.errors import BAD_ROUTE, UserError, fail

if TYPE_CHECKING:
    from builder.cli.comparing import Checked

Route = Literal["direct", "tensorflow", "onnx-tf"]
Size = tuple[int, int]
Progress = Callable[[str], None]
PREFIX = "tfjs-for-unity-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """Choices for one conversion; `route` None is the best one for the kind of source. `input_shapes` are sizes of ONNX
    inputs by name, -1 for free ones. `channels_last` turns pictures round that TensorFlow takes channels first. `size`
    (width, height) becomes that of the picture, "any" leaves it open; `normalize` (scale, mean, std) and `softmax`
    become parts of the model."""

    route: Route | None = None
    input_layout: InputLayout = "auto"
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    channels_last: bool = False
    size: Size | Literal["any"] | None = None
    normalize: Numbers | None = None
    softmax: bool = False
    quantization: Quantization = NONE
    shard_bytes: int = SHARD_BYTES
    checking: Checking = Checking()  # noqa: RUF009 - it is frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What came of a source. `packed` is None where nothing was quantized, since compressing takes longer than
    converting and takes little off float32; `checked` is None with --parity none."""

    source: Source
    route: Route
    folder: Path
    sizes: Sizes
    packed: Packed | None
    ops: dict[str, int]
    checked: Checked | None


def convert(path: Path, folder: Path, options: ConvertOptions, progress: Progress) -> Converted:
    """Converts the model at `path` into `folder`, which appears whole or not at all, and only after parity was found.

    Raises:
        UserError: what is wrong with the source, its options or the folder; parity's.
    """
    refuse_foreign(folder)
    source = find_source(path)
    route = _route(source, options.route)
    _refuse_idle(source, route, options)
    progress(f"converting {path.name}")
    made = _model(source, route, options, progress)
    model = baked(made, options)
    found = _checked(source, *_comparable(made, model, options), progress)
    record = {"by": "none"} if found is None else found.record()
    progress("writing")
    said = {"training": training} if (training := _training(model, options)) else {}
    sizes = _write(marked(model, parity=record, **said), folder, options)
    return Converted(
        source=source,
        route=route,
        folder=folder,
        sizes=sizes,
        packed=packed(sorted(folder.iterdir())) if options.quantization.rules else None,
        ops=operations(model),
        checked=found,
    )


def _route(source: Source, wanted: Route | None) -> Route:
    """The way that was asked for, if the source can go it; or the best one."""
    onnx = source.kind is SourceKind.ONNX
    fit: tuple[Route, ...] = ("direct", "onnx-tf") if onnx else ("tensorflow",)
    if wanted is not None and wanted not in fit:
        remedy = f"Leave --route out, or give {' or '.join(fit)}."
        raise fail(BAD_ROUTE, source.path, option=f"--route {wanted}", reason=f"it is {source.name}", remedy=remedy)
    return wanted or fit[0]


def _refuse_idle(source: Source, route: Route, options: ConvertOptions) -> None:
    """Options that would do nothing on this route are refused, not passed over."""
    onnx, direct = source.kind is SourceKind.ONNX, route == "direct"
    idle = {
        "--input-layout": not direct and options.input_layout != "auto",
        "--input-shape": not direct and bool(options.input_shapes),
        "--channels-last": onnx and options.channels_last,
    }
    reason = "pictures of ONNX models go in channels last anyway" if onnx and direct else "it is for ONNX, directly"
    for option in (name for name, found in idle.items() if found):
        raise fail(BAD_ROUTE, source.path, option=option, reason=reason, remedy=f"Leave {option} out.")


def _model(source: Source, route: Route, options: ConvertOptions, progress: Progress) -> ConvertedModel:
    if route == "direct":
        size = options.checking.size if options.size is None else options.size
        given = None if size == "any" else size
        asked = OnnxOptions(input_layout=options.input_layout, input_shapes=options.input_shapes, size=given)
        made = convert_onnx(source.path, asked)
    else:
        from builder.convert.from_tensorflow.route import convert as convert_otherwise  # only now: it takes memory

        last = options.channels_last
        made = convert_otherwise(source.path, kind=source.kind, channels_last=last, progress=progress)
    problems = rule_problems(options.quantization.rules, made.weights)
    if problems:
        raise UserError(problems)
    return made


def baked(model: ConvertedModel, options: ConvertOptions) -> ConvertedModel:
    """The model with what it is to do itself."""
    if options.size:
        model = set_input_size(model, None if options.size == "any" else options.size)
    if options.normalize:
        picture = picture_of(signature_of(model.document))
        planar = picture is not None and picture.channel_axis == 1
        model = bake_normalize(model, *fitting(options.normalize, picture), layout="NCHW" if planar else "NHWC")
    return append_softmax(model) if options.softmax else model


def _comparable(
    made: ConvertedModel, model: ConvertedModel, options: ConvertOptions
) -> tuple[ConvertedModel, ConvertOptions]:
    """What is compared with the source, and how. A source of one size answers for no other: where the result is to take
    another, it is compared at the source's, with its own left open."""
    own = _own_size(made)
    if own is None or options.size in (None, own):
        return model, options
    checking = replace(options.checking, size=own)
    return baked(made, replace(options, size="any")), replace(options, checking=checking)


def _own_size(model: ConvertedModel) -> Size | None:
    """(width, height) of the picture, None where one of them is free."""
    picture = picture_of(signature_of(model.document))
    if picture is None:
        return None
    height, width = picture.shape[1:3] if picture.channel_axis == 3 else picture.shape[2:4]
    return (width, height) if min(width, height) > 0 else None


def _training(model: ConvertedModel, options: ConvertOptions) -> dict[str, Any] | None:
    """The stated normalization that the game is left to do, as the folder records it; None where there is none."""
    picture = picture_of(signature_of(model.document))
    if options.normalize or options.checking.numbers is None or picture is None or picture.dtype != "float32":
        return None
    scale, mean, std = matching(options.checking.numbers, picture)
    return {"scale": scale, "mean": list(mean), "std": list(std)}


def _checked(source: Source, model: ConvertedModel, options: ConvertOptions, progress: Progress) -> Checked | None:
    if options.checking.how == "none":
        return None
    from builder.cli.comparing import checked  # only now: the browser's driver takes its time and memory

    progress("comparing with the source")
    with tempfile.TemporaryDirectory(prefix=PREFIX) as place:
        folder = Path(place) / "model"
        _write(model, folder, options)
        return checked(source, folder, options.checking)


def _write(model: ConvertedModel, folder: Path, options: ConvertOptions) -> Sizes:
    return write_folder(model, folder, quantization=options.quantization, shard_bytes=options.shard_bytes)


def marked(model: ConvertedModel, **said: Any) -> ConvertedModel:  # noqa: ANN401
    """The model with these entries of the tool's own in its metadata."""
    metadata = model.document.get(METADATA) or {}
    mark = {**(metadata.get(MARK) or {}), **said}
    return replace(model, document={**model.document, METADATA: {**metadata, MARK: mark}})


def operations(model: ConvertedModel) -> dict[str, int]:
    """How often each operation occurs, constants and inputs left out."""
    counts: dict[str, int] = {}
    for node in model.document["modelTopology"]["node"]:
        if node["op"] not in ("Const", "Placeholder"):
            counts[node["op"]] = counts.get(node["op"], 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
