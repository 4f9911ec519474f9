"""`tfjs-for-unity evaluate`: how good a model is on labelled pictures. What it does is in `evaluating`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from builder.cli.building import BuildSource
from builder.cli.evaluating import OUTPUTS, Outputs, Shown, conclude, held_out, output_options, weights
from builder.cli.flags import FilledPath
from builder.cli.harness_flags import EXISTING, browser_options, finite, options, progressing, run_options, shard_option
from builder.cli.targets import MODEL_FLAGS, target
from builder.harness.evaluation.run import Wish, evaluate
from builder.harness.evaluation.samples import read_samples
from builder.harness.golden import preprocess_of
from builder.harness.visits import RunOptions

_PATH = FilledPath(path_type=Path, readable=False)

_data_options = options(
    click.option("--data", type=EXISTING, required=True, metavar="DATA", help="Folder or list of labelled pictures."),
    click.option("--against", type=EXISTING, metavar="MODEL", help="Compare with this model, such as a quantized one."),
    click.option("--results", type=_PATH, metavar="FOLDER", help="Keep predictions there, and go on from what it has."),
    shard_option,
    click.option(
        "--box-factor",
        type=click.FloatRange(min=0.1, max=20),
        callback=finite,
        default=1.0,
        show_default=True,
        metavar="F",
        help="Enlarge the squares around boxes.",
    ),
    click.option(
        "--hold-out",
        multiple=True,
        callback=held_out,
        metavar="[KIND=]GROUP",
        help="A group whose pictures count on their own only.",
    ),
    click.option("--class-weights", callback=weights, metavar="balanced|FILE", help="By which the classes count."),
    click.option("--min-accuracy", type=click.FloatRange(0, 1), callback=finite, metavar="A", help="Fail below this."),
)
_model_options = options(
    click.option("--labels", type=_PATH, metavar="FILE", help="Class names in the model's order."),
    click.option("--normalize", metavar="PRESET", help="As for generate, as are those that follow."),
    click.option("--mean", metavar="N[,N,N]"),
    click.option("--std", metavar="N[,N,N]"),
    click.option("--scale", metavar="N"),
    click.option("--channel-order", metavar="rgb|bgr"),
    click.option("--input-size", metavar="SIZE"),
    click.option("--fit", metavar="WAY"),
    click.option("--filter", metavar="FILTER"),
    click.option("--output", metavar="OUTPUT"),
    click.option("--softmax/--no-softmax", default=None),
    click.option("--skip-first", type=int, metavar="N"),
)


@click.command(context_settings={"max_content_width": 110})
@click.argument("path", type=BuildSource(), metavar="BUILD|MODEL")
@_data_options
@run_options
@browser_options
@_model_options
@output_options
def command(path: str | Path, **given: Any) -> None:  # noqa: ANN401 - click checks them, Wish and RunOptions name them
    """Measure a model on labelled pictures, in a headless browser that is cut off from the network.

    \b
    tfjs-for-unity evaluate MyGame/Builds/WebGL --data photos/ --min-accuracy 0.9
    tfjs-for-unity evaluate models/hands --labels labels.txt --normalize unit --data p.csv --against models/hands-u8
    tfjs-for-unity evaluate MyGame/Builds/WebGL --data photos.csv --results run1 --shard 1/4 --json shard1.json

    A BUILD is a folder, a ZIP or an address, as for verify, and predicts with its own runtime; a MODEL without one runs
    in TensorFlow.js on the tool's own page, told by the flags of `generate` how pictures become its input. The report
    says which.

    DATA is a folder with one sub-folder of pictures per class, or a list with the columns image, label, group (or
    group:user, group:outdoor …) and box ("x y width height" in pixels).

    Exit codes: 0 all pass; 1 a picture has no prediction, or a check fails (accuracy, backend, renderer); 2 bad usage
    or input; 3 no usable browser; 4 the build does not load. More: docs/evaluate.md
    """
    outputs = Outputs(**{name: given.pop(name) for name in OUTPUTS})
    wish = Wish(
        data=path_name(given["data"]),
        factor=given.pop("box_factor"),
        workers=given["workers"],
        results=given.pop("results"),
        shard=given.pop("shard"),
        held_out=given.pop("hold_out"),
        weights=given.pop("class_weights"),
        least=given.pop("min_accuracy"),
    )
    samples, against = read_samples(given.pop("data")), given.pop("against")
    model = {name: given.pop(name) for name in MODEL_FLAGS}
    with target(path, against, model, RunOptions(**given)) as found, progressing() as progress:
        done = asyncio.run(evaluate(samples, found.opening, found.other, wish, progress))
        slug = given["slug"] or done.about.who.slug
        how = found.how or (preprocess_of(found.build, slug) if found.build else None)
    conclude(done, outputs, Shown({sample.id: sample for sample in samples}, how))


def path_name(path: Path) -> str:
    """What the report calls the data: no folder of this machine."""
    return path.resolve().name
