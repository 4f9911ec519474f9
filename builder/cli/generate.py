"""`tfjs-for-unity generate`: from a model to the files in a Unity project."""

from __future__ import annotations

from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", type=_PATH)
@click.option("--labels", type=_PATH, help="The class names, in the model's order: JSON, or text with one per line.")
@click.option("--into", type=_PATH, metavar="UNITY_PROJECT", help="The Unity project to write into.")
@click.option("--out", type=_PATH, metavar="FOLDER", help="Write the same tree into a folder, to copy by hand.")
@click.option("--name", help="The C# class; without it, the model folder's name.")
@click.option("--normalize", metavar="unit|signed|imagenet|none", help="What 0..255 becomes, as in training.")
@click.option(
    "--fit",
    default="stretch",
    show_default=True,
    metavar="stretch|crop|letterbox",
    help="How other proportions are fitted.",
)
@click.option(
    "--filter",
    default="triangle",
    show_default=True,
    metavar="nearest|bilinear|triangle",
    help="How pictures are resized; triangle is the bilinear of Pillow and torchvision.",
)
@click.option("--top-k", type=int, metavar="N", help="Report only the N best classes; without it, all.")
def command(
    *,
    model: Path,
    labels: Path | None,
    into: Path | None,
    out: Path | None,
    name: str | None,
    normalize: str | None,
    fit: str,
    filter: str,
    top_k: int | None,
) -> None:
    """Write the Unity plug-in for a TensorFlow.js image classifier: a folder with model.json, or the JSON file itself.

    \b
    tfjs-for-unity generate models/hands --labels labels.txt --normalize unit --into MyGame --name HandSigns
    tfjs-for-unity generate models/hands --labels labels.txt --normalize unit --out plug-in

    \b
    --normalize  unit      0..1
                 signed    -1..1
                 imagenet  0..1, less ImageNet's mean, by its standard deviation
                 none      0..255

    Files that are already there and were not written by this command, or were edited since, are never overwritten. The
    same command twice changes nothing. Prints a C# script for the model on stdout.
    """
    from builder.cli.generation import generate  # only now: --help is immediate

    options = {"name": name, "normalize": normalize, "fit": fit, "filter": filter, "top_k": top_k}
    generate(model, labels=labels, into=into, out=out, options=options)
