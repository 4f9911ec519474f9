"""`tfjs-for-unity find-preprocessing`: how a model wants its pictures, found out on a handful of labelled ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from builder.cli.flags import FilledPath
from builder.cli.harness_flags import EXISTING, browser_options, finite, progressing
from builder.cli.targets import model_target
from builder.harness.evaluation.fitting import Finding
from builder.harness.evaluation.samples import read_samples
from builder.harness.evaluation.trying import Found, find
from builder.harness.text import clean
from builder.harness.visits import RunOptions

_PATH = FilledPath(path_type=Path, readable=False)
_SHOWN = 5


@click.command(context_settings={"max_content_width": 110})
@click.argument("model", type=EXISTING)
@click.option("--data", type=EXISTING, required=True, metavar="DATA", help="Labelled pictures, as for evaluate.")
@click.option("--labels", type=_PATH, metavar="FILE", help="Class names in the model's order.")
@click.option("--input-size", metavar="SIZE", help="For models that take any size.")
@click.option("--output", metavar="OUTPUT", help="The output with the scores, if there are several.")
@click.option("--skip-first", type=int, metavar="N", help="Background classes to leave out.")
@click.option("--timeout", type=click.FloatRange(min=1, max=3600), callback=finite, default=120.0, show_default=True)
@browser_options
def command(model: Path, data: Path, timeout: float, **given: Any) -> None:  # noqa: ANN401
    """Try value ranges, channel orders, fits and flips on labelled pictures, and say which the model was trained with.

    \b
    tfjs-for-unity find-preprocessing models/hands --labels labels.txt --data photos/

    Give ten pictures or more, of several classes, that the model should get right. Each answer is `sure` or says why it
    is not: then find the numbers in the training code, or give more pictures. The last line holds the flags for
    `generate`.
    """
    browser = {name: given.pop(name) for name in ("executable", "gpu", "headed")}
    samples = read_samples(data)
    with (
        model_target(model, given, RunOptions(timeout=timeout, **browser)) as (opening, names, stem),
        progressing() as progress,
    ):
        found = asyncio.run(find(opening, samples, names, stem, progress))
    for line in lines(found):
        click.echo(line)


def lines(found: Found) -> Iterator[str]:
    """What was found, one fact a line."""
    best, views = found.numbers.best, found.views.best
    yield f"normalization: {best.name} ({_sureness(found.numbers, 'normalization')})"
    yield f"channel order: {best.order} ({_sureness(found.numbers, 'channel order')})"
    yield f"fit: {views.fit} ({_sureness(found.views, 'fit')})"
    yield f"flip: {views.flip} ({_sureness(found.views, 'flip')})"
    for each in found.numbers.order[:_SHOWN]:
        likely = f"mean log probability of the true class {each.likelihood.mean():.3f}"
        yield f"tried {each.way.name}, {each.way.order}: {each.accuracy:.0%} right, {likely}"
    yield from _ruled_out(found.numbers)
    chosen = views if found.views.is_sure("fit") else best
    yield f"flags: {clean(chosen.flags(), 300)}"


def _ruled_out(found: Finding) -> Iterator[str]:
    for why in dict.fromkeys(found.ruled_out.values()):
        names = "; ".join(f"{way.name}, {way.order}" for way, reason in found.ruled_out.items() if reason == why)
        yield f"ruled out {names}: {why}"


def _sureness(found: Finding, part: str) -> str:
    return "sure" if found.is_sure(part) else f"not sure: {found.doubts[part]}"
