"""Asks the worker: one process for each question, in an environment and in folders of its own."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from pydantic import BaseModel, ValidationError

from builder import resources
from builder.convert.from_tensorflow import process
from builder.convert.from_tensorflow.logs import log_file
from builder.convert.from_tensorflow.wire import EVENT, Done, Failed, Progress, clean
from builder.errors import (
    CONVERSION_FAILED,
    SOURCE_REFUSED,
    TOOLCHAIN_BROKEN,
    UNSAFE_SOURCE,
    WORKER_DIED,
    WORKER_NONSENSE,
    WORKER_TIMED_OUT,
    UserError,
    fail,
    problem,
)

Say = Callable[[str], None]
Answer = TypeVar("Answer", bound=BaseModel)
Result = TypeVar("Result")
_MAX_EVENTS = 10_000
_MAX_PROBLEMS = 20
# What a program needs to run at all; no PYTHON*, no proxies, nothing else of the user's.
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "WINDIR", "NUMBER_OF_PROCESSORS", "LD_LIBRARY_PATH")
_SET = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # the same sums on every processor
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`operation` and its `fields`, to the interpreter `python` of the environment `name`; `source` is the model."""

    name: str
    python: Path
    operation: str
    source: Path
    fields: Mapping[str, object]
    say: Say
    timeout: float


class NonsenseError(Exception):
    """The worker's answer, or a file that belongs to it, is not what was agreed; the text is a clause."""


def ask(question: Question, answer: type[Answer], outbox: Path, read: Callable[[Answer], Result]) -> Result:
    """What `read` makes of the worker's answer and of the files that it left in `outbox`, a folder of the caller's.

    Raises SOURCE_REFUSED, UNSAFE_SOURCE, CONVERSION_FAILED, WORKER_DIED, WORKER_TIMED_OUT, WORKER_NONSENSE and
    TOOLCHAIN_BROKEN. The log is kept where the error names it.
    """
    with log_file(f"{question.name}-{question.operation}") as (log, path):
        event = _event(question, outbox, log, path)
        try:
            if isinstance(event, Done):
                # Through JSON, so that its lists are read as tuples where a tuple is wanted.
                return read(answer.model_validate_json(json.dumps(event.result)))
        except ValidationError as error:
            reason = f"its result is wrong in {error.error_count()} places"
            raise fail(WORKER_NONSENSE, question.source, reason=reason, log=path) from None
        except NonsenseError as error:
            raise fail(WORKER_NONSENSE, question.source, reason=str(error), log=path) from None
        if event.event == "broken":
            raise fail(TOOLCHAIN_BROKEN, path, name=question.name, reason="; ".join(event.reasons))
        if event.event == "failed":
            raise fail(CONVERSION_FAILED, question.source, reason="; ".join(event.reasons), log=path)
    kind = UNSAFE_SOURCE if event.event == "unsafe" else SOURCE_REFUSED
    raise UserError(problem(kind, question.source, reason=reason) for reason in event.reasons[:_MAX_PROBLEMS])


class _Answered(Exception):
    """No error: it ends the listening."""

    def __init__(self, event: Done | Failed) -> None:
        self.event = event


class _Listener:
    """Takes the lines of one worker; raises _Answered at the one that counts."""

    def __init__(self, say: Say) -> None:
        self.say, self.heard = say, 0

    def __call__(self, line: bytes) -> None:
        self.heard += 1
        if self.heard > _MAX_EVENTS:
            msg = f"it went on for {_MAX_EVENTS} lines"
            raise NonsenseError(msg)
        try:
            event = EVENT.validate_json(line)
        except ValidationError:
            msg = f"it said {clean(line[:200].decode('utf-8', 'replace').strip(), 80)!r}"
            raise NonsenseError(msg) from None
        if not isinstance(event, Progress):
            raise _Answered(event)
        self.say(event.text)


def _event(question: Question, outbox: Path, log: IO[bytes], path: Path) -> Done | Failed:
    asked = {"operation": question.operation, "source": str(question.source.absolute()), "outbox": str(outbox)}
    with tempfile.TemporaryDirectory(prefix="tfjs-for-unity-", ignore_cleanup_errors=True) as private:
        try:
            status = process.run(
                [question.python, "-I", "-B", resources.toolchain() / "worker"],
                environment=_environment(private),
                folder=Path(private),
                log=log,
                on_line=_Listener(question.say),
                timeout=question.timeout,
                request=json.dumps(asked | dict(question.fields)).encode() + b"\n",
            )
        except _Answered as answered:
            return answered.event
        except NonsenseError as error:
            raise fail(WORKER_NONSENSE, question.source, reason=str(error), log=path) from None
        except process.TimedOutError:
            raise fail(WORKER_TIMED_OUT, question.source, seconds=f"{question.timeout:g}", log=path) from None
        except OSError as error:
            reason = f"its Python does not start ({error.strerror})"
            raise fail(TOOLCHAIN_BROKEN, question.python, name=question.name, reason=reason) from None
    raise _death(question, status, path)


def _environment(private: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    homes = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "KERAS_HOME"), private)
    return kept | homes | _SET


def _death(question: Question, status: int, path: Path) -> UserError:
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    if status == -9:
        how += ", as when memory runs out"
    return fail(WORKER_DIED, question.source, reason=how, log=path)
