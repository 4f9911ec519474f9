"""`tfjs-for-unity convert`: its flags. What it does is in `conversion`, which is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from builder.cli.flags import FilledPath
from builder.cli.sections import SectionedCommand, section

_PATH = FilledPath(path_type=Path)
_reading = section("How the source is read")
_training = section("How pictures became its input in training")
_weights = section("How weights are stored")
_parity = section("How the result is checked")
_done = section("How it is done")


@click.command(cls=SectionedCommand, context_settings={"max_content_width": 110})
@click.argument("source", type=_PATH)
@_reading("-o", "--output-folder", "folder", type=_PATH, required=True, metavar="FOLDER", help="The folder to write.")
@_reading(
    "--route",
    type=click.Choice(["direct", "tensorflow", "onnx-tf"]),
    help="direct for ONNX, tensorflow for the rest.  [default: by the source]",
)
@_reading("--input-layout", type=click.Choice(["NCHW", "NHWC"]), help="Of an ONNX picture, where it is not clear.")
@_reading("--input-size", metavar="SIZE", help="224 or 320x240 fixes the size of pictures, any leaves it open.")
@_reading(
    "--input-shape",
    multiple=True,
    metavar="NAME=N,N,…",
    help="All sizes of an ONNX input in its own order, -1 for a free one.",
)
@_reading("--channels-last", is_flag=True, help="Turn pictures round that a TensorFlow model takes channels first.")
@_training("--normalize", metavar="PRESET", help="unit, signed, imagenet or none, as for generate.")
@_training("--mean", metavar="N[,N,N]", help="Instead: (value * scale - mean) / std per channel.")
@_training("--std", metavar="N[,N,N]", help="One number, or one per channel.")
@_training("--scale", metavar="N", help="One number, such as 1/255.")
@_training("--bake-normalize", is_flag=True, help="Put it into the model, which then takes 0..255.")
@_training("--softmax", is_flag=True, help="Put a softmax behind the scores.")
@_weights(
    "--quantize",
    multiple=True,
    metavar="[PATTERN=]KIND",
    help="float16, uint8 or uint16; the first rule that fits counts.",
)
@_weights("--shard-size", metavar="MB", type=click.FloatRange(0.001, 1024), help="Of each weight file.  [default: 4]")
@_parity(
    "--parity", type=click.Choice(["browser", "tf", "none"]), default="browser", show_default=True, help="By what."
)
@_parity("--photos", type=_PATH, metavar="FOLDER", help="Your own pictures, instead of seeded ones.")
@_parity("--tolerance", type=click.FloatRange(min=0), metavar="N", help="Part of an output's range that may differ.")
@_parity("--allow-flat", is_flag=True, help="Accept outputs that hardly move, whatever the input.")
@_parity("--browser", type=click.Path(path_type=Path, dir_okay=False), metavar="PATH", help="Chromium to use.")
@_done("--json", "as_json", is_flag=True, help="Say what was done as one JSON object on stdout.")
def command(source: Path, folder: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Convert a model of another framework into a TensorFlow.js folder, and check that it computes the same.

    \b
    tfjs-for-unity convert hands.onnx -o models/hands
    tfjs-for-unity convert hands.onnx -o models/hands --quantize float16 --photos photos/ --normalize imagenet
    tfjs-for-unity convert hands.onnx -o models/hands --normalize imagenet --bake-normalize --softmax

    SOURCE is told by its content: ONNX files are converted directly, with the extra `onnx`; Keras files (.h5, .keras),
    SavedModel folders and frozen graphs by TensorFlow (`toolchain install`).

    Source and result answer the same inputs, the result in headless Chromium. Where they differ, or where the answers
    prove nothing, nothing is written. --parity none writes the folder unchecked, which it records, and which generate
    repeats. A folder that convert wrote is replaced, as a whole; any other is left alone.

    Exit codes: 0 done; 1 parity fails; 2 bad usage or input; 3 no usable browser. More: docs/convert.md
    """
    from builder.cli.converting import convert_command  # only now: --help is immediate

    convert_command(source, folder, given, as_json=as_json)
