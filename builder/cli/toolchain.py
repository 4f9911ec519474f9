"""`tfjs-for-unity toolchain`: the TensorFlow environments. What it does is in `equipment`, imported when it runs."""

from __future__ import annotations

import click

NAMES = ("tf2", "keras3")

_name = click.argument("name", type=click.Choice(NAMES), required=False)
_json = click.option("--json", "as_json", is_flag=True, help="The answer as one JSON object.")


@click.group()
def command() -> None:
    """Install, show or remove the TensorFlow environments.

    Keras, SavedModel and frozen graphs are read by TensorFlow itself, and ONNX with --route onnx-tf. TensorFlow is
    installed once, into the user's cache folder, apart from everything else on the machine:

    \b
    tf2      Keras 2, SavedModel, frozen graphs, ONNX by onnx-tf; 1.3 GB; needs Python 3.11
    keras3   Keras 3, SavedModel, frozen graphs; 1.4 GB; needs Python 3.12 or 3.11

    \b
    tfjs-for-unity toolchain install tf2
    tfjs-for-unity toolchain status

    ONNX by the direct route needs none of this. More: docs/toolchain.md
    """


@command.command()
@_json
def status(as_json: bool) -> None:
    """Show what is installed, where, and how large it is."""
    from builder.cli.equipment import show_status  # only now: --help is immediate

    show_status(as_json=as_json)


@command.command()
@_name
@_json
def install(name: str | None, as_json: bool) -> None:
    """Install NAME, or both environments: from the package index, with checked hashes, without running their code.

    An interrupted installation goes on where it stopped; one that is complete is left as it is.
    """
    from builder.cli.equipment import install_environments  # only now: --help is immediate

    install_environments([name] if name else NAMES, as_json=as_json)


@command.command()
@_name
@_json
def remove(name: str | None, as_json: bool) -> None:
    """Remove NAME, or both environments, and what was downloaded for them."""
    from builder.cli.equipment import remove_environments  # only now: --help is immediate

    remove_environments([name] if name else NAMES, as_json=as_json)
