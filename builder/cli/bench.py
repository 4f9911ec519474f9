"""`tfjs-for-unity bench`: its flags. What it does is in `benching`, which is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from builder.cli.flags import FilledPath

_SIDE = 8192
_BACKENDS = ("webgl", "wasm")


def _sizes(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """`640x480` → (640, 480)."""
    found = []
    for text in given:
        sides = [int(part) for part in text.split("x") if part.isascii() and part.isdigit() and len(part) < 9]
        if len(sides) != 2 or text != f"{sides[0]}x{sides[1]}" or not all(1 <= side <= _SIDE for side in sides):
            message = f"{text!r} is not a size like 640x480, of 1 to {_SIDE} pixels a side"
            raise click.BadParameter(message, context, option)
        found.append((sides[0], sides[1]))
    return tuple(found)


@click.command()
@click.argument("model", type=FilledPath(path_type=Path, readable=False))
@click.option(
    "--backend", "backends", type=click.Choice(_BACKENDS), multiple=True, help="Only this one; may be repeated."
)
@click.option("--source", "sizes", callback=_sizes, multiple=True, metavar="WxH",
              help="Size of the game's picture; may be repeated.  [default: 640x480]")  # fmt: skip
@click.option("--frames", type=click.IntRange(1, 10_000), default=30, show_default=True, metavar="N",
              help="Predictions by each way, time permitting.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(1, 3600), default=25.0, show_default=True, metavar="N",
              help="Begin no new round of predictions after so long, for each size.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True, help="Of the order of turns.")
@click.option("--model", "slug", metavar="SLUG", help="Which model, if a project has several.")
@click.option("--json", "json", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write all figures as JSON.")  # fmt: skip
@click.option("--browser", "executable", type=click.Path(path_type=Path, dir_okay=False), metavar="PATH",
              help="Chromium to use, instead of searching.")  # fmt: skip
@click.option("--gpu", type=click.Choice(("auto", "software", "hardware")), default="auto", show_default=True,
              help="What draws; auto is this machine's GPU, if it has one.")  # fmt: skip
@click.option("--headed", is_flag=True, help="Show the browser's window.")
def command(model: Path, **given: Any) -> None:  # noqa: ANN401
    """Measure a model in this machine's Chromium: every way from a game's picture to its scores, beside TensorFlow.js
    as it is.

    \b
    tfjs-for-unity bench models/hands
    tfjs-for-unity bench MyGame --model hand-signs --source 1280x720 --json bench.json

    MODEL is what `generate` takes, or a Unity project or WebGL build with models in it. The ways take turns on one
    page. Blocking is how long they hold up the game's frame; latency is from the submission to the scores.

    Exit codes: 1 the answers differ, so that nothing can be compared; 2 bad usage or input; 3 no usable browser;
    4 the model cannot be run. More: docs/bench.md
    """
    from builder.cli.benching import bench  # only now: --help is immediate

    bench(model, given)
