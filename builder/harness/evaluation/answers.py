"""What came of each picture, and the folder that keeps it: one JSON object a line, safe on the disk batch by batch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.errors import OTHER_RESULTS, RESULTS_NOT_WRITTEN, fail
from builder.harness.text import clean

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

HEAD = "run.json"
LINES = "predictions.jsonl"
MAX_BYTES = 4 * 1024**3


class Answer(BaseModel):
    """One picture's predictions: `scores` in the order of the labels, `other` those of the model compared with, `ms`
    of an inference. `error`: why there are none, "" if there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    scores: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] | None = None
    other: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] | None = None
    ms: float = Field(default=0.0, allow_inf_nan=False)
    error: str = ""


@dataclass(slots=True)
class Ledger:
    """The answers so far, by id; every one that is taken is kept in the file, if there is one."""

    answers: dict[str, Answer]
    _file: BufferedWriter | None = None
    _where: Path | None = None

    def take(self, batch: Sequence[Answer]) -> None:
        """Keeps answers; on return they are safe from a kill and from a power cut.

        Raises:
            UserError: RESULTS_NOT_WRITTEN.
        """
        fresh = {answer.id: answer for answer in batch if answer.id not in self.answers}
        if self._file is not None and fresh:
            try:
                self._file.write("".join(answer.model_dump_json() + "\n" for answer in fresh.values()).encode())
                self._file.flush()
                os.fsync(self._file.fileno())
            except OSError as error:
                raise fail(RESULTS_NOT_WRITTEN, self._where or "", reason=str(error.strerror)) from None
        self.answers |= fresh

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def open_ledger(folder: Path | None, head: Mapping[str, Any], ids: Iterable[str]) -> Ledger:
    """A ledger that lives in `folder`, with what an earlier run left there; with None, in memory alone.

    `head` says what is evaluated and how: only a run with the same is gone on with. A last line that was cut off is
    removed, and its picture asked again.

    Raises:
        UserError: OTHER_RESULTS, RESULTS_NOT_WRITTEN.
    """
    if folder is None:
        return Ledger({})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_head(folder, head)
        path = folder / LINES
        file = path.open("ab")
        try:
            _lock(file, folder)
            return Ledger(_read(path, frozenset(ids)), file, path)
        except BaseException:
            file.close()
            raise
    except OSError as error:
        raise fail(RESULTS_NOT_WRITTEN, folder, reason=str(error.strerror)) from None


def _lock(file: BufferedWriter, folder: Path) -> None:
    """Two runs at once would ask everything twice; the system lets a killed run's lock go."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise fail(OTHER_RESULTS, folder, reason="another run is at work in it") from None


def _check_head(folder: Path, head: Mapping[str, Any]) -> None:
    path, text = folder / HEAD, json.dumps(head, indent=2, ensure_ascii=False) + "\n"
    if not path.exists():
        if any(folder.iterdir()):
            raise fail(OTHER_RESULTS, folder, reason=f"it holds other files and no {HEAD}")
        _write_whole(path, text)
        return
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise fail(OTHER_RESULTS, path, reason=f"{HEAD} is no JSON") from None
    if found != json.loads(text):
        apart = [name for name in head if not isinstance(found, dict) or found.get(name) != json.loads(text)[name]]
        reason = f"it is of a run with another {', '.join(apart) or 'version'}"
        raise fail(OTHER_RESULTS, path, reason=reason)


def _write_whole(path: Path, text: str) -> None:
    """Written beside and renamed: a kill leaves either nothing or all of it."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _read(path: Path, ids: frozenset[str]) -> dict[str, Answer]:
    if not path.exists():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise fail(OTHER_RESULTS, path, reason=f"it has more than the {MAX_BYTES} bytes that are read")
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
    answers: dict[str, Answer] = {}
    for number, line in enumerate(content[:whole].splitlines(), 1):
        answer = _answer(path, number, line)
        if answer.id not in ids:
            raise fail(OTHER_RESULTS, f"{path}:{number}", reason=f"the data have no picture {clean(answer.id, 100)}")
        answers.setdefault(answer.id, answer)
    return answers


def _answer(path: Path, number: int, line: bytes) -> Answer:
    try:
        return Answer.model_validate_json(line)
    except ValidationError:
        raise fail(OTHER_RESULTS, f"{path}:{number}", reason="the line is no prediction") from None
