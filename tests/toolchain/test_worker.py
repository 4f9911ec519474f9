"""What becomes of the worker's answers, of its silence, and of its death."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from builder.convert.from_tensorflow.route import convert, describe, predict
from builder.convert.from_tensorflow.store import Place, python_in
from builder.errors import UserError
from tests.toolchain.conftest import behaving, runs

WORKER = Path(__file__).parents[2] / "toolchain" / "worker"


def logs(cache: Path) -> list[Path]:
    return sorted((cache / "logs").glob("*"))


def problem(tmp_path: Path, behaviour: str, timeout: float = 60) -> UserError:
    with pytest.raises(UserError) as caught:
        convert(behaving(tmp_path, behaviour), timeout=timeout)
    return caught.value


def test_a_conversion_gives_document_and_weights(ready: Place, cache: Path, tmp_path: Path) -> None:
    told: list[str] = []
    model = convert(behaving(tmp_path, "done"), progress=told.append)
    assert model.document["format"] == "graph-model"
    assert [*model.weights] == ["a/kernel", "b"]
    np.testing.assert_array_equal(model.weights["a/kernel"], [[0, 1, 2], [3, 4, 5]])
    assert model.weights["b"].dtype == np.bool_
    assert told == ["TensorFlow starts"]
    assert logs(cache) == []


def test_a_source_answers_by_the_names_of_its_outputs(ready: Place, tmp_path: Path) -> None:
    source = behaving(tmp_path, "done")
    answers = predict(source, {"x": np.array([[1, 2]], np.float32)})
    assert {name: array.tolist() for name, array in answers.items()} == {"x": [[2, 4]]}
    assert [(tensor.name, tensor.shape) for tensor in describe(source).inputs] == [("x", (-1, 2))]


def test_the_worker_gets_nothing_of_the_callers_surroundings(
    ready: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "PYTHONSTARTUP", "HTTPS_PROXY", "TF_XLA_FLAGS", "SECRET_TOKEN"):
        monkeypatch.setenv(name, "/elsewhere")
    facts = convert(behaving(tmp_path, "tells environment")).document["facts"]
    given = facts["environ"]
    assert not {name for name, value in given.items() if value == "/elsewhere"}
    assert given["CUDA_VISIBLE_DEVICES"] == "-1"
    assert given["HOME"] == given["TMPDIR"] == facts["cwd"] != str(Path.home())
    assert facts["isolated"] == 1
    assert "/elsewhere" not in facts["path"]
    assert not Path(facts["cwd"]).exists()


@pytest.mark.parametrize(
    ("behaviour", "id", "text"),
    [
        ("dies", "WORKER_DIED", "exit status 3"),
        ("is killed", "WORKER_DIED", "signal 9, as when memory runs out"),
        ("ends without a word", "WORKER_DIED", "exit status 0"),
        ("babbles", "WORKER_NONSENSE", "it said '\ufffd[31mimport tensorflow'"),
        ("speaks another version", "WORKER_NONSENSE", "it said"),
        ("answers something else", "WORKER_NONSENSE", "its result is wrong in"),
        ("goes on and on", "WORKER_NONSENSE", "it went on for 10000 lines"),
        ("never ends its line", "WORKER_NONSENSE", "it said 'xxxx"),
        ("loses the document", "WORKER_NONSENSE", "document.json is missing"),
        ("pickles", "WORKER_NONSENSE", "weights.npz is missing or damaged"),
        ("fails", "CONVERSION_FAILED", "ValueError: no"),
        ("is broken", "TOOLCHAIN_BROKEN", "No module named 'tensorflow'"),
    ],
)
@pytest.mark.usefixtures("ready")
def test_what_goes_wrong_is_one_error_and_keeps_its_log(
    cache: Path, tmp_path: Path, behaviour: str, id: str, text: str
) -> None:
    (found,) = problem(tmp_path, behaviour).problems
    assert found.kind.id == id
    assert text in found.what
    (log,) = logs(cache)
    assert str(log) in found.what + found.why + found.next_step + found.where


def test_the_log_holds_the_last_words(ready: Place, cache: Path, tmp_path: Path) -> None:
    problem(tmp_path, "dies")
    assert logs(cache)[0].read_text("utf-8") == "the last words\n"


def test_refusals_name_everything_at_once_and_need_no_log(ready: Place, cache: Path, tmp_path: Path) -> None:
    problems = problem(tmp_path, "refuses").problems
    assert [(found.kind.id, found.what) for found in problems] == [
        ("SOURCE_REFUSED", "The model cannot be converted: it is a \ufffd[31mtable."),
        ("SOURCE_REFUSED", "The model cannot be converted: it is empty."),
    ]
    (found,) = problem(tmp_path, "fears").problems
    assert found.kind.id == "UNSAFE_SOURCE"
    assert "Lambda layer" in found.what
    assert logs(cache) == []


def test_a_worker_that_takes_too_long_ends_with_its_children(ready: Place, cache: Path, tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(UserError) as caught:
        convert(behaving(tmp_path, "hangs with a child"), progress=told.append, timeout=5)
    assert caught.value.problems[0].kind.id == "WORKER_TIMED_OUT"
    assert "5 s" in caught.value.problems[0].what
    assert_ended(told[-1])


def test_an_interruption_ends_the_worker_and_its_children(ready: Place, tmp_path: Path) -> None:
    told: list[str] = []

    def interrupt(text: str) -> None:
        told.append(text)
        if text[0].isdigit():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(behaving(tmp_path, "hangs with a child"), progress=interrupt)
    assert_ended(told[-1])


def assert_ended(told: str) -> None:
    """The processes of these ids are gone, or go within a moment."""
    processes = [int(text) for text in told.split()]
    assert len(processes) == 2
    deadline = time.monotonic() + 10
    while any(map(runs, processes)):
        assert time.monotonic() < deadline


WAITS = "lambda *_: threading.Event().wait()"
PRINTS = "lambda *_: {'printed': print('loud', flush=True), 'status': os.system('echo loud')}"


@contextmanager
def serving(operation: str) -> Iterator[subprocess.Popen[bytes]]:
    """The worker's own end of the protocol, asked for one operation."""
    code = f"import os, sys, threading; sys.path.insert(0, {str(WORKER)!r}); from tfworker.channel import serve"
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}; serve({{'x': {operation}}})"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin
        process.stdin.write(b'{"operation": "x", "outbox": "/tmp"}\n')
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def test_the_worker_ends_when_its_caller_is_gone() -> None:
    with serving(WAITS) as process:
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=30) == -signal.SIGKILL


def test_what_libraries_print_goes_to_the_log_and_not_among_the_answers() -> None:
    with serving(PRINTS) as process:
        assert process.stdout and process.stderr
        answer = json.loads(process.stdout.read())
        assert answer == {"version": 1, "event": "done", "result": {"printed": None, "status": 0}}
        assert process.stderr.read() == b"loud\nloud\n"
        assert process.wait(timeout=30) == 0


def test_an_environment_that_is_not_there_is_named_with_its_remedy(cache: Path, tmp_path: Path) -> None:
    (found,) = problem(tmp_path, "done").problems
    assert found.kind.id == "TOOLCHAIN_MISSING"
    assert "tfjs-for-unity toolchain install tf2" in found.next_step
    assert "1.3 GB" in found.next_step


@pytest.mark.parametrize("damage", ["no marker", "torn marker", "no python"])
def test_a_damaged_environment_is_not_used(ready: Place, tmp_path: Path, damage: str) -> None:
    if damage == "no python":
        python_in(ready.folder).unlink()
    elif damage == "torn marker":
        ready.marker.write_bytes(ready.marker.read_bytes()[:20])
    else:
        ready.marker.unlink()
    (found,) = problem(tmp_path, "done").problems
    assert found.kind.id == "TOOLCHAIN_BROKEN"
    assert "toolchain remove tf2" in found.next_step


def test_an_environment_of_another_version_is_not_used(ready: Place, tmp_path: Path) -> None:
    list_ = ready.environment.requirements
    list_.write_text(list_.read_text("utf-8") + "# another\n", "utf-8")
    (found,) = problem(tmp_path, "done").problems
    assert found.kind.id == "TOOLCHAIN_MISSING"
    assert "another version" in found.what
