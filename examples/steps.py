"""How an example shows what it does: headings, and commands as one would type them."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def say(text: str) -> None:
    """A heading on the terminal."""
    print(f"\n== {text}", flush=True)


def run(*command: str | Path) -> None:
    """Shows a command as one would type it, runs it, and stops the example with its exit code if it fails."""
    words = [_shown(word) for word in command]
    print(f"$ {shlex.join(words)}", flush=True)
    programs = {"tfjs-for-unity": [sys.executable, "-m", "builder"], "python": [sys.executable]}
    done = subprocess.run([*programs[words[0]], *words[1:]], cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def _shown(word: str | Path) -> str:
    """Paths as seen from the repository's top folder, where commands run."""
    if isinstance(word, str):
        return word
    return str(word.relative_to(ROOT) if word.is_relative_to(ROOT) else word)
