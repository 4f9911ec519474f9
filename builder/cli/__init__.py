"""The command line. Only this package prints, exits and composes the rooms; each command lives in its own file."""

from __future__ import annotations

import importlib
import io
import signal
import sys
from typing import NoReturn

import click

from builder import __version__
from builder.cli.console import print_problems
from builder.errors import UserError

COMMANDS = {
    "inspect": "Show what a TensorFlow.js model is.",
    "convert": "Convert a model of another framework, and prove that it computes the same.",
    "quantize": "Store a model's weights in fewer bytes.",
    "generate": "Write the Unity plug-in for a model.",
    "list": "List the models that a project has.",
    "remove": "Remove a model from a project.",
    "upgrade": "Write a project's models anew, as this version does it.",
    "verify": "Check a finished WebGL build in a browser.",
    "evaluate": "Measure a model on labelled pictures.",
    "find-preprocessing": "Find out how a model wants its pictures.",
    "merge-reports": "Put the JSON reports of all shards together.",
    "bench": "Time a model in this machine's browser.",
    "doctor": "Find what goes wrong when a build is published.",
    "toolchain": "Install, show or remove what converts Keras and TensorFlow models.",
}


class LazyGroup(click.Group):
    """Imports a command's module only when that command runs, so that `--help` is immediate."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"builder.cli.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfjs-for-unity")
def cli() -> None:
    """TensorFlow.js image models for Unity WebGL: write the plug-in, then prove the build.

    \b
    tfjs-for-unity convert  hands.onnx -o models/hands
    tfjs-for-unity inspect  models/hands
    tfjs-for-unity generate models/hands --labels labels.txt --normalize unit --into MyGame --name HandSigns
    tfjs-for-unity verify   MyGame/Builds/WebGL --cases photos/
    """


_ended_by = [signal.SIGINT]


def _terminated(number: int, frame: object) -> None:
    """Ends the command as Ctrl-C does, so that it undoes and removes what it must not leave behind."""
    _ended_by[0] = signal.Signals(number)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in the background of a shell's script
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def _take_any_text() -> None:
    """What a pipe's encoding lacks is escaped; on Windows that is all of Unicode beyond one code page."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> NoReturn:
    """The entry point: a `UserError` becomes its message and its exit code; everything else is a bug and shows."""
    _take_any_text()
    signal.signal(signal.SIGTERM, _terminated)
    try:
        cli.main(standalone_mode=False)
    except UserError as error:
        print_problems(error.problems)
        raise SystemExit(error.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        raise SystemExit(128 + _ended_by[0]) from None
    raise SystemExit(0)
