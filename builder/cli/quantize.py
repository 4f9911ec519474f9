"""`tfjs-for-unity quantize`: its flags. What it does is in `quantizing`, which is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from builder.cli.flags import FilledPath
from builder.cli.sections import SectionedCommand, section

_PATH = FilledPath(path_type=Path)
_how = section("How weights are stored")
_photos = section("Checked on photos, and fitted to them")
_done = section("How it is done")


@click.command(cls=SectionedCommand, context_settings={"max_content_width": 110})
@click.argument("model", type=_PATH)
@_how("-o", "--output-folder", "folder", type=_PATH, required=True, metavar="FOLDER", help="The folder to write.")
@_how("--quantize", "rules", multiple=True, metavar="RULE", help="KIND, or PATTERN=KIND; the first that fits counts.")
@_how("--only", multiple=True, metavar="PATTERN", help="Weights that a KIND alone is for.  [default: all kernels]")
@_how("--scales", type=click.Choice(["range", "mse"]), default="range", show_default=True, help="How uint8 is spread.")
@_how("--shard-size", metavar="MB", type=click.FloatRange(0.001, 1024), help="Of each weight file.  [default: 4]")
@_photos("--photos", type=_PATH, metavar="FOLDER", help="Pictures of what the model will see.")
@_photos("--normalize", metavar="PRESET", help="As for generate, unless the model does it itself.")
@_photos("--mean", metavar="N[,N,N]", help="Instead: (value * scale - mean) / std per channel.")
@_photos("--std", metavar="N[,N,N]", help="One number, or one per channel.")
@_photos("--scale", metavar="N", help="One number, such as 1/255.")
@_photos("--channel-order", metavar="rgb|bgr", help="bgr for OpenCV's and Caffe's.  [default: rgb]")
@_photos("--input-size", metavar="SIZE", help="224 or 320x240; for models that take any size.")
@_photos("--seconds", type=click.IntRange(0, 86400), default=120, show_default=True, help="For trying scales; 0: none.")
@_photos("--browser", type=click.Path(path_type=Path, dir_okay=False), metavar="PATH", help="Chromium to use.")
@_done("--json", "as_json", is_flag=True, help="Say what was done as one JSON object on stdout.")
def command(model: Path, folder: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Store the weights of a TensorFlow.js model (a folder, its JSON file or a ZIP) in fewer bytes.

    \b
    tfjs-for-unity quantize models/hands -o models/hands-f16 --quantize float16
    tfjs-for-unity quantize models/hands -o models/hands-u8 --quantize uint8 --photos photos/ --normalize unit
    tfjs-for-unity quantize models/hands -o models/hands-u8 --quantize '*/dense/*=none' --quantize uint8

    \b
    KIND  float16  half the bytes; hardly ever changes an answer
          uint16   half the bytes, and closer than float16 where a weight's values are of like size
          uint8    a quarter; can change answers, so check it with --photos
          none     as it is

    A KIND alone is for kernels; biases and other rows of numbers stay as they are. Kernels of fewer than 16,384 values
    get uint16 for uint8. PATTERN is compared with the names of the weights, as in a shell. With --photos, TensorFlow.js
    answers them in headless Chromium before and after, and the better scale of each uint8 weight is searched.

    A folder that this tool wrote is replaced as a whole; any other is left alone. More: docs/quantize.md
    """
    from builder.cli.quantizing import quantize  # only now: --help is immediate

    quantize(model, folder, given, as_json=as_json)
