"""`tfjs-for-unity generate`: its flags. What it does is in `generation`, which is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from builder.cli.flags import FilledPath, WriteFlags, write_flags
from builder.cli.sections import SectionedCommand, section

if TYPE_CHECKING:
    from builder.cli.checking import How

_PATH = FilledPath(path_type=Path, readable=False)  # what cannot be read is said in the words of the catalogue
_files = section("Files")
_pre = section("How a picture becomes the input, as in training")
_convert = section("When the model is converted first")
_post = section("What the scores mean")
_pixels = section("What the pixels mean")
_boxes = section("With --task detection: how the outputs are boxes, and which boxes count")


@click.command(cls=SectionedCommand, context_settings={"max_content_width": 110})
@click.argument("model", type=_PATH, required=False)
@_files("--labels", type=_PATH, metavar="FILE", help="Class names in the model's order: JSON, CSV or text.")
@_files("--config", type=_PATH, metavar="FILE", help="Options; without it tfjs-for-unity.toml beside MODEL.")
@_files("--into", type=_PATH, metavar="UNITY_PROJECT", help="The Unity project to write into.")
@_files("--out", type=_PATH, metavar="FOLDER", help="Write the same tree into a folder, to copy by hand.")
@_files("--name", metavar="NAME", help="The C# class; without it, the model folder's name.")
@_files("--engine", metavar="ENGINE", help="tfjs, or onnxruntime for an .onnx file as it is.  [default: tfjs]")
@_files("--task", metavar="TASK", help="classification, segmentation or image.  [default: by the shapes]")
@_pre("--normalize", metavar="PRESET", help="What 0..255 becomes: one of the presets above.")
@_pre("--mean", metavar="N[,N,N]", help="Instead: (value * scale - mean) / std per channel.")
@_pre("--std", metavar="N[,N,N]", help="One number, or one per channel.")
@_pre("--scale", metavar="N", help="One number, such as 1/255.")
@_pre("--channel-order", metavar="rgb|bgr", help="bgr for OpenCV's and Caffe's.  [default: rgb]")
@_pre("--input-size", metavar="SIZE", help="224 or 320x240; for models that take any size.")
@_pre("--fit", metavar="WAY", help="stretch, crop or letterbox.  [default: stretch]")
@_pre("--filter", metavar="FILTER", help="nearest, bilinear or triangle.  [default: triangle]")
@_post("--output", metavar="OUTPUT", help="The output with the scores, if there are several.")
@_post("--softmax/--no-softmax", default=None, help="Turn raw scores into probabilities.  [default: no]")
@_post("--skip-first", is_flag=False, flag_value=1, type=int, metavar="[N]", help="Leave out N (1) background classes.")
@_post("--top-k", type=int, metavar="N", help="Report only the N best classes.  [default: all]")
@_post("--activation", metavar="NAME", help="What scores of pixels or boxes still need: none, sigmoid or softmax.")
@_post("--threshold", metavar="N", help="The least score, 0..1.  [default: 0.5 for masks and boxes]")
@_pixels("--result", metavar="mask|alpha|labels", help="Segmentation: what each pixel is.  [default: by the classes]")
@_pixels("--mask-class", metavar="LABEL", help="The class of a mask or an alpha.  [default: the last]")
@_pixels("--result-size", metavar="SIZE", help="Of masks and label maps.  [default: that of the picture]")
@_pixels("--output-range", metavar="LOW..HIGH", help="Image: what the network gives, 0..255, 0..1 or -1..1.")
@_pixels("--tile-margin", type=int, metavar="N", help="Image: pictures keep their size, in tiles that overlap by 2 N.")
@_boxes("--form", metavar="FORM", help="rows, od-api, anchors, yolov5, yolov6, yolov8, yolox or nanodet.")
@_boxes("--columns", metavar="NAME,…", help="Of rows: box, score, class, _ for others.  [default: box,score,class]")
@_boxes("--box-format", metavar="FORMAT", help="xyxy, yxyx, xywh or cxcywh, where the form leaves it open.")
@_boxes("--box-units", metavar="UNITS", help="pixels of the input, or unit for parts of it.")
@_boxes("--anchors", metavar="NAME|FILE", help="blazeface-front, blazeface-back, ssd, or a JSON file.")
@_boxes("--overlap", metavar="N", help="Boxes that share more with a better one go.  [default: 0.45]")
@_boxes("--limit", type=int, metavar="N", help="At most N boxes.  [default: 20]")
@_boxes("--class-agnostic/--per-class", default=None, help="Whether other classes count there.  [default: per class]")
@_convert("--parity", type=click.Choice(["browser", "tf", "none"]), help="As for convert.  [default: browser]")
@write_flags(section("How it is done"))
def command(
    model: Path | None,
    config: Path | None,
    *,
    dry_run: bool,
    force: bool,
    as_json: bool,
    parity: How | None,
    **given: Any,  # noqa: ANN401
) -> None:
    """Write the Unity plug-in for an image classifier: a TensorFlow.js folder with model.json, the JSON file itself, or
    a ZIP of it; or an ONNX, Keras or TensorFlow model, which is converted first (see `convert`). A Teachable Machine
    export needs neither labels nor normalization.

    \b
    tfjs-for-unity generate models/hands --labels labels.txt --normalize unit --into MyGame --name HandSigns
    tfjs-for-unity generate hands.onnx --labels labels.txt --normalize imagenet --into MyGame --name HandSigns
    tfjs-for-unity generate converted_tfjs.zip --into MyGame --name Snacks
    tfjs-for-unity generate --config models/hands/tfjs-for-unity.toml --out plug-in

    \b
    --normalize  unit      0..1
                 signed    -1..1
                 imagenet  0..1, less ImageNet's mean, by its standard deviation
                 none      0..255

    Says what it understood and where each value came from; a flag wins over the file, the file over the model. The same
    command twice changes nothing; files that it did not write, or that were edited since, are never overwritten without
    --force. Models of the project that another version wrote are upgraded with it. Prints a C# script for the model on
    stdout. All options: docs/generate.md; the keys of --json: docs/installed.md
    """
    from builder.cli.generation import generate  # only now: --help is immediate

    flags = WriteFlags(dry_run=dry_run, force=force, as_json=as_json)
    generate(model, config, given, flags, parity or "browser")
