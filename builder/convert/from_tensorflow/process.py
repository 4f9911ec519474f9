"""A program that is heard line by line, that ends in time, and whose children end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

MAX_LINE = 1 << 24
_GRACE_S = 10.0


class TimedOutError(Exception):
    """The program had not ended at its deadline, and was ended."""


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: IO[bytes],
    on_line: Callable[[bytes], None],
    timeout: float,
    request: bytes = b"",
    joined: bool = False,
) -> int:
    """Runs `command` in `folder` and returns its exit status.

    `request` goes to its stdin, which stays open until the end. `on_line` gets each line of stdout, in pieces of at
    most `MAX_LINE` bytes; stderr goes to `log`, or with `joined` among the lines of stdout. Whatever happens here, an
    exception from `on_line` too, the program and its children are ended. Raises TimedOutError and OSError.
    """
    process = subprocess.Popen(
        [os.fspath(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if joined else log,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )
    try:
        with _deadline(process, timeout):
            _send(process.stdin, request)
            while line := _read(process.stdout):
                on_line(line)
            return process.wait()
    finally:
        _end(process)


@contextmanager
def _deadline(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """Ends the program after so many seconds, at which nothing more is to be read from it either."""
    passed = threading.Event()

    def end() -> None:
        passed.set()
        _kill(process)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if passed.is_set():
        raise TimedOutError


def _send(stream: IO[bytes] | None, request: bytes) -> None:
    """What it does not listen to is lost; its exit status says why. A request is short enough for any pipe."""
    with suppress(OSError):
        if stream is not None:
            stream.write(request)
            stream.flush()


def _read(stream: IO[bytes] | None) -> bytes:
    return stream.readline(MAX_LINE) if stream else b""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the program's whole group, also where the program itself is gone and its children are not."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group that has ended
            os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    process.wait(timeout=_GRACE_S)
    for stream in (process.stdin, process.stdout):
        with suppress(OSError):
            if stream is not None:
                stream.close()
