"""The command as its users start it: a process of its own, with the built runtime of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.commands import Outcome
from tests.models import tiny_labels, tiny_model

# The tool as another version of itself; the version stands in nearly every file that it writes.
_AS_VERSION = "import sys, builder; builder.__version__ = sys.argv.pop(1); from builder.cli import main; main()"


def command_line(*arguments: object, version: str | None = None) -> list[str]:
    """The words that start the command, or what another version of it would be."""
    start = ["-m", "builder"] if version is None else ["-c", _AS_VERSION, version]
    return [sys.executable, *start, *map(str, arguments)]


def ended(command: Sequence[str], env: Mapping[str, str] | None = None, encoding: str = "utf-8") -> Outcome:
    """Runs a command to its end; what it says in another encoding is replaced."""
    done = subprocess.run(
        command, capture_output=True, text=True, encoding=encoding, errors="replace", env=env, check=False
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def run(*arguments: object, version: str | None = None) -> Outcome:
    """Runs `tfjs-for-unity` with these arguments to its end."""
    return ended(command_line(*arguments, version=version))


def descendants() -> set[int]:
    """All living processes that this one started, and those that they did (Linux)."""
    parents = dict(filter(None, map(_parent, Path("/proc").glob("[0-9]*/stat"))))
    found, level = set[int](), {os.getpid()}
    while level:
        level = {child for child, parent in parents.items() if parent in level} - found
        found |= level
    return found


def _parent(stat: Path) -> tuple[int, int] | None:
    """A process and its parent; None for one that has ended."""
    try:
        state, parent = stat.read_text("utf-8", errors="replace").rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else (int(stat.parent.name), int(parent))


def large_model(folder: Path, *, classes: int, side: int = 112, shards: int = 2, seed: int = 7) -> Path:
    """A model whose dense layer makes it large, with labels: per class 5.4 KB at 112 pixels, 23 at 224, 97 at 448."""
    tiny_model(folder, format="graph", size=(side, side), classes=classes, shards=shards, seed=seed)
    (folder / "labels.txt").write_text("\n".join(tiny_labels(classes)), "utf-8")
    return folder


def generate_arguments(model: Path, name: str, target: Path, flag: str = "--into") -> list[object]:
    """`generate` of a model with its labels.txt beside it."""
    given = ["--labels", model / "labels.txt", "--normalize", "unit", "--name", name]
    return ["generate", model, *given, flag, target]
