"""uv, which finds Pythons, makes environments and fills them."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from builder.convert.from_tensorflow import guard, process
from builder.errors import TOOLCHAIN_NO_UV, fail

_PYTHON_TIMEOUT_S = 600.0
# A caller's virtual environment must not decide, and neither must a file for another project's Python.
_DROPPED = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT")


class UvError(Exception):
    """uv ended with an error; the text is the last thing that it said."""


def program() -> Path:
    """The uv that the extra `toolchain` brings, or one on the PATH. Raises TOOLCHAIN_NO_UV."""
    try:
        return Path(importlib.import_module("uv").find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise fail(TOOLCHAIN_NO_UV, missing="uv")
    return Path(found)


@dataclass(frozen=True, slots=True)
class Uv:
    """Runs uv in `folder`, which also holds what it downloads; all that it says goes to `log`."""

    executable: Path
    folder: Path
    log: IO[bytes]
    on_line: Callable[[str], None]

    def find_python(self, version: str) -> Path | None:
        """An interpreter of this version on this machine, without fetching one."""
        said: list[str] = []
        arguments = ["python", "find", "--no-python-downloads", "--no-project", version]
        try:
            self._run(arguments, _PYTHON_TIMEOUT_S, said.append)
        except UvError:
            return None
        paths = [Path(line.strip()) for line in said if not line.startswith(("warning", " "))]
        return next((path for path in reversed(paths) if path.is_file()), None)

    def fetch_python(self, version: str) -> None:
        """Downloads an interpreter to where uv keeps those. Raises UvError."""
        self._run(["python", "install", version], _PYTHON_TIMEOUT_S)

    def make(self, environment: Path, python: Path) -> None:
        """An empty virtual environment that can be moved."""
        flags = ("--clear", "--relocatable", "--no-project", "--python")
        self._run(["venv", *flags, python, environment], _PYTHON_TIMEOUT_S)

    def fill(self, environment: Path, requirements: Path, timeout: float) -> None:
        """Installs exactly the locked list, wheels only: nothing of theirs runs. Compiles them to bytecode."""
        flags = ("--require-hashes", "--only-binary", ":all:", "--compile-bytecode", "--python")
        self._run(["pip", "sync", *flags, environment, requirements], timeout)

    def _run(
        self, arguments: Sequence[str | Path], timeout: float, listen: Callable[[str], None] | None = None
    ) -> None:
        said: list[str] = []

        def on_line(line: bytes) -> None:
            self.log.write(line)
            text = line.decode("utf-8", "replace").rstrip()
            said.append(text)
            (listen or self.on_line)(text)

        try:
            status = process.run(
                [sys.executable, "-I", guard.__file__, self.executable, *arguments],
                environment=self._environment(),
                folder=self.folder,
                log=self.log,
                on_line=on_line,
                timeout=timeout,
                joined=True,
            )
        except process.TimedOutError:
            msg = f"uv had not ended after {timeout:g} s"
            raise UvError(msg) from None
        except OSError as error:
            msg = f"uv does not start ({error.strerror})"
            raise UvError(msg) from None
        if status:
            raise UvError(_complaint(said) or f"uv ended with status {status}")

    def _environment(self) -> dict[str, str]:
        """The user's own: it may name a mirror, a proxy or certificates."""
        kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
        cache = {"UV_CACHE_DIR": str(self.folder / "downloads"), "UV_LINK_MODE": "hardlink"}
        return kept | cache | {"UV_NO_PROGRESS": "1", "NO_COLOR": "1"}


def _complaint(said: list[str]) -> str:
    """From the line that begins with `error:` on, its causes included, as one line."""
    start = next((index for index, line in enumerate(said) if line.startswith("error:")), max(0, len(said) - 3))
    return " ".join(" ".join(said[start : start + 6]).split()).removeprefix("error: ")
