"""A program that is heard line by line, that ends in time, and whose children end with it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

MAX_LINE = 1 << 24
_GRACE_S = 10.0
_MAX_WAITING = 1000  # lines


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
    lines: queue.Queue[bytes] = queue.Queue(_MAX_WAITING)
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    try:
        _send(process.stdin, request)
        return _attend(process, lines, on_line, time.monotonic() + timeout)
    finally:
        _end(process)
        _empty(lines, reader)


def _attend(
    process: subprocess.Popen[bytes], lines: queue.Queue[bytes], on_line: Callable[[bytes], None], deadline: float
) -> int:
    """Hears the program to its end. Another thread reads, as a read cannot be given a deadline on all systems."""
    try:
        while line := lines.get(timeout=max(0.0, deadline - time.monotonic())):
            on_line(line)
        return process.wait(timeout=max(0.0, deadline - time.monotonic()))
    except (queue.Empty, subprocess.TimeoutExpired):
        raise TimedOutError from None


def _read(stream: IO[bytes] | None, lines: queue.Queue[bytes]) -> None:
    """Ends with an empty line."""
    assert stream is not None
    with stream:
        while line := stream.readline(MAX_LINE):
            lines.put(line)
    lines.put(b"")


def _empty(lines: queue.Queue[bytes], reader: threading.Thread) -> None:
    """Lets the reader come to its end; one that a stranger keeps from it, by holding the other end, is left behind."""
    deadline = time.monotonic() + _GRACE_S
    while reader.is_alive() and time.monotonic() < deadline:
        with suppress(queue.Empty):
            lines.get(timeout=0.01)


def _send(stream: IO[bytes] | None, request: bytes) -> None:
    """What it does not listen to is lost; its exit status says why. A request is short enough for any pipe."""
    with suppress(OSError):
        if stream is not None:
            stream.write(request)
            stream.flush()


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
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
