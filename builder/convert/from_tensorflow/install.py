"""Installs and removes environments: made beside their place, tried out, and only then put there."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from builder.convert.from_tensorflow import uv, worker
from builder.convert.from_tensorflow.environments import Environment
from builder.convert.from_tensorflow.logs import log_file
from builder.convert.from_tensorflow.store import Marker, Place, State, cache_folder, disk_bytes, python_in
from builder.convert.from_tensorflow.wire import Hello, clean
from builder.errors import (
    TOOLCHAIN_BUSY,
    TOOLCHAIN_INSTALL_FAILED,
    TOOLCHAIN_NO_PYTHON,
    TOOLCHAIN_NO_UV,
    TOOLCHAIN_NOT_WRITABLE,
    UserError,
    fail,
)

Say = Callable[[str], None]
_INSTALL_TIMEOUT_S = 4 * 3600.0
_HELLO_TIMEOUT_S = 600.0
# What uv says that is worth repeating; the rest is in the log.
_WORTH_SAYING = ("Downloading ", "Downloaded ", "Prepared ", "Installed ", "Bytecode compiled ")
_ENVIRONMENT = "environment"


def install(environment: Environment, say: Say) -> Marker:
    """Makes `environment` unless it is there already. `say` is told how far it is.

    Nothing changes in its place before all is done. An interrupted run leaves what it has downloaded, and the next one
    goes on from there. Raises TOOLCHAIN_* errors.
    """
    environment.check_platform()
    place = Place(environment)
    with _writing(), _locked(place):
        marker = place.read_marker()
        if marker is not None and place.state() is State.READY:
            say("it is installed already")
            return marker
        return _make(place, say)


def remove(environment: Environment) -> int:
    """Deletes `environment` and what an interrupted installation has left; how many bytes that freed."""
    place = Place(environment)
    if not place.folder.exists() and not place.unfinished.exists():
        return 0
    with _writing(), _locked(place):
        freed = sum(disk_bytes(folder) for folder in (place.folder, place.unfinished) if folder.exists())
        _delete(place)
        _discard(place.unfinished)
        return freed


def _make(place: Place, say: Say) -> Marker:
    name = place.environment.name
    place.unfinished.mkdir(parents=True, exist_ok=True)
    with log_file(f"{name}-install") as (log, path):
        try:
            marker = _build(place, say, log)
        except uv.UvError as error:
            reason = clean(str(error)).rstrip(".")
            raise fail(TOOLCHAIN_INSTALL_FAILED, place.unfinished, name=name, reason=reason, log=path) from None
    new = place.unfinished / _ENVIRONMENT
    (new / place.marker.name).write_text(marker.model_dump_json(indent=2) + "\n", "utf-8")
    _delete(place)
    new.rename(place.folder)
    _discard(place.unfinished)
    return marker


def _build(place: Place, say: Say, log: IO[bytes]) -> Marker:
    """A whole environment in the unfinished folder, tried out."""
    environment, new = place.environment, place.unfinished / _ENVIRONMENT
    tool = uv.Uv(uv.program(), place.unfinished, log, lambda line: _repeat(line, say))
    say(f"looking for Python {' or '.join(environment.pythons)}")
    python = _python(environment, tool, say)
    tool.make(new, python)
    say(f"installing the packages ({environment.size}); this takes minutes")
    tool.fill(new, environment.requirements, _INSTALL_TIMEOUT_S)
    say("trying it out")
    found = _try_out(environment, python_in(new), say)
    return Marker(lock=environment.lock_hash, python=found.python, versions=found.versions, bytes=disk_bytes(new))


def _repeat(line: str, say: Say) -> None:
    if line.strip().startswith(_WORTH_SAYING):
        say(clean(line.strip()))


def _python(environment: Environment, tool: uv.Uv, say: Say) -> Path:
    """A fitting interpreter of this machine, or else one that uv fetches."""
    newest, reason = environment.pythons[0], "what it fetched cannot be found"
    for version in environment.pythons:
        if python := tool.find_python(version):
            return python
    say(f"there is none; uv tries to fetch {newest}")
    try:
        tool.fetch_python(newest)
        if python := tool.find_python(newest):
            return python
    except uv.UvError as error:
        reason = clean(str(error)).rstrip(".")
    versions = " or ".join(environment.pythons)
    raise fail(TOOLCHAIN_NO_PYTHON, name=environment.name, versions=versions, newest=newest, reason=reason)


def _try_out(environment: Environment, python: Path, say: Say) -> Hello:
    """Imports all that a conversion needs, in the process that a conversion would use."""
    question = worker.Question(
        name=environment.name,
        python=python,
        operation="hello",
        source=python,
        fields={"kinds": [str(kind) for kind in environment.kinds]},
        say=say,
        timeout=_HELLO_TIMEOUT_S,
    )
    return worker.ask(question, Hello, python.parent, lambda found: found)


def _delete(place: Place) -> None:
    """The marker goes first: an environment that is half deleted must not look whole."""
    place.marker.unlink(missing_ok=True)
    _discard(place.folder)


def _discard(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    """This process alone; the system takes the lock from a dead one. Raises TOOLCHAIN_BUSY and TOOLCHAIN_NO_UV."""
    try:
        filelock = importlib.import_module("filelock")
    except ImportError:
        raise fail(TOOLCHAIN_NO_UV, missing="the package filelock") from None
    place.lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(place.lock, timeout=0):
            yield
    except filelock.Timeout:
        raise fail(TOOLCHAIN_BUSY, place.folder, name=place.environment.name) from None


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        reason = error.strerror or "unknown error"
        raise fail(TOOLCHAIN_NOT_WRITABLE, error.filename or cache_folder(), reason=reason) from error
