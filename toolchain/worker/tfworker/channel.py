"""The protocol: one JSON line on stdin asks, JSON lines on stdout answer, all else goes to the log on stderr."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from tfworker.refusal import BrokenEnvironment, Refused

VERSION = 1
Say = Callable[[str], None]
Operation = Callable[[Mapping[str, Any], Path, Say], dict[str, Any]]


def _own_stdout() -> TextIO:
    """The real stdout, for answers alone; what libraries print to stdout goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


def _end_with_the_caller() -> None:
    """Waits for the end of stdin, which comes when whoever asked is gone, and ends this process and its children."""
    while os.read(0, 4096):
        pass
    if hasattr(os, "killpg") and os.getpid() == os.getpgrp():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _read_request() -> dict[str, Any]:
    """The first line of stdin, byte by byte: what follows belongs to the thread that waits for the end."""
    line = bytearray()
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        line += byte
    request: dict[str, Any] = json.loads(line)
    return request


def in_a_trace(error: Exception) -> bool:
    """True for what went wrong while TensorFlow traced a function: it puts the places first and the reason last."""
    return str(error).lstrip().startswith("in user code:")


def last_line(error: Exception) -> str:
    """The last line of what an error says."""
    return (str(error).strip().splitlines() or [""])[-1].strip()[:500].rstrip(".")


def _text(error: Exception) -> str:
    if in_a_trace(error):
        return last_line(error)
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:500]}"


def serve(operations: Mapping[str, Operation]) -> None:
    """Answers one request, with any number of `progress` lines before the one that counts."""
    answers = _own_stdout()

    def send(event: str, **fields: object) -> None:
        answers.write(json.dumps({"version": VERSION, "event": event, **fields}) + "\n")
        answers.flush()

    request = _read_request()
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    try:
        operation = operations[request["operation"]]
        result = operation(request, Path(request["outbox"]), lambda text: send("progress", text=text))
    except Refused as refusal:
        send(refusal.kind, reasons=list(refusal.reasons))
    except BrokenEnvironment as error:
        traceback.print_exc()
        send("broken", reasons=[str(error).strip().splitlines()[0][:500]])
    except Exception as error:  # whatever TensorFlow throws is an answer too; the log has the traceback
        traceback.print_exc()
        send("failed", reasons=[_text(error)])
    else:
        send("done", result=result)
    sys.stderr.flush()
    os._exit(0)  # TensorFlow's threads need not be waited for
