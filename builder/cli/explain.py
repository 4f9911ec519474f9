"""What `generate` says: how it understood the model, what it did, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from builder.cli.explain_task import task_rows
from builder.cli.gathering import Gathered
from builder.inputs.jsonfile import printable
from builder.render.example import example
from builder.render.upm import MINIMUM_UNITY
from builder.resolve import formula, own_normalization, reach
from builder.spec import ModelSpec, Preprocess

if TYPE_CHECKING:
    from rich.console import RenderableType


def normalization(pre: Preprocess) -> str:
    """The normalization as a formula, and the range that it leads to."""
    numbers = (pre.scale, pre.mean, pre.std)
    return f"{formula(*numbers)}, so 0..255 becomes {reach(*numbers)}"


def _files(spec: ModelSpec) -> str:
    shards = spec.files.shards
    size = sum(file.bytes for file in (spec.files.topology, *shards))
    weights = f"{len(shards)} weight file{'s' if len(shards) != 1 else ''}"
    return f"{spec.files.format}, {spec.files.topology.path} and {weights}, {size:,} bytes"


def _rows(found: Gathered) -> Iterator[tuple[str, str]]:
    spec, pre = found.spec, found.spec.preprocess
    yield "model", f"{spec.name} [{found.source('name', otherwise='its folder')}] ({_files(spec)})"
    if spec.files.format == "onnx":
        yield "engine", f"ONNX Runtime Web [{found.source('engine')}], by wasm; the file goes into the game as it is"
    yield "input", _input(found)
    yield "resizing", f"{pre.fit} [{found.source('fit')}], {pre.filter} [{found.source('filter')}]"
    yield "normalization", f"{normalization(pre)} [{_normalization_source(found)}]"
    if reason := found.reason or (found.facts.mark.normalization and own_normalization(found.facts)):
        yield "", reason
    yield from task_rows(found)
    yield "written into", _written_into(found)
    for remark in found.remarks:
        yield "note", remark
    for warning in found.warnings:
        yield "careful", warning
    if found.target.unity and _too_old(found.target.unity):
        yield "careful", f"the packages are made for Unity {MINIMUM_UNITY} and newer"


def _input(found: Gathered) -> str:
    """`48x32 [model.json], RGB [default]`: what the input tensor takes."""
    pre, tensor = found.spec.preprocess, found.spec.input
    from_model = found.facts.json_path.name
    size = f"{pre.width}x{pre.height} [{found.source('input_size', otherwise=from_model)}]"
    order = {"rgb": "RGB", "bgr": "BGR, blue first"}[pre.channel_order]
    color = f"gray [{from_model}]" if pre.color == "gray" else f"{order} [{found.source('channel_order')}]"
    rare = [
        *(["channels first"] if pre.layout == "NCHW" else []),
        *(["whole numbers"] if tensor.dtype != "float32" else []),
    ]
    return ", ".join([size, color, *(f"{word} [{from_model}]" for word in rare)])


def _normalization_source(found: Gathered) -> str:
    """Nobody has to state what a model does itself."""
    otherwise = found.facts.json_path.name if own_normalization(found.facts) else "default"
    return found.source("normalize", "mean", "std", "scale", otherwise=otherwise)


def _written_into(found: Gathered) -> str:
    unity = found.target.unity
    edition = f" (Unity {printable(unity, 40)})" if unity else ""
    return f"{found.target.folder}{edition} [{found.source('into', 'out')}]"


def _too_old(unity: str) -> bool:
    numbers = re.match(r"(\d+)\.(\d+)", unity)
    oldest = tuple(map(int, MINIMUM_UNITY.split(".")))
    return bool(numbers) and numbers is not None and (int(numbers[1]), int(numbers[2])) < oldest


def understood(found: Gathered) -> RenderableType:
    """The resolved options, one on each line, with who stated each: a flag, a file, the model, or nobody."""
    from rich.text import Text

    lines = (((f"{name:<15}", "bold"), f"{value}\n") for name, value in _rows(found))
    return Text.assemble(*(part for line in lines for part in line), end="")


def next_steps(spec: ModelSpec, *, project: bool) -> str:
    """The script to paste and the command that checks the build, as plain text."""
    code = "".join(f"    {line}".rstrip() + "\n" for line in example(spec).splitlines())
    copy = "" if project else "Copy the folders Packages and Assets into your Unity project, hidden files too.\n\n"
    return (
        f"{copy}Save this as Assets/{spec.name}Example.cs and put it on a GameObject:\n\n{code}\n"
        "Build for WebGL, then check the build with photos, one sub-folder per class:\n\n"
        "    tfjs-for-unity verify BUILD_FOLDER --cases PHOTO_FOLDER"
    )
