"""What a command leaves behind when it ends, by itself or by a signal: no file of its own, no process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import command_line, descendants
from tests.verifying import FAKE_BUILD, FAKE_COLORS, class_folder

pytestmark = pytest.mark.browser
_DEADLINE = 60.0


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short path: Chromium has a socket in it."""
    with tempfile.TemporaryDirectory(prefix="stays-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def start(temporary: Path, cases: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = command_line("verify", FAKE_BUILD, "--cases", cases, "--timeout", "60", *arguments)
    environment = {**os.environ, "TMPDIR": str(temporary)}
    # What runs in the background of a shell, as tests in CI may, has ctrl-c ignored, and so would its children.
    heeding = ["env", "--default-signal=INT", *command]
    return subprocess.Popen(heeding, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)


def wait_for_a_page(process: subprocess.Popen[bytes], before: set[int]) -> None:
    """Until Chromium has a process that draws."""
    deadline = time.monotonic() + _DEADLINE
    while not any(b"--type=renderer" in _command(pid) for pid in descendants() - before):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        assert process.poll() is None and time.monotonic() < deadline


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_run_to_its_end_leaves_nothing(temporary: Path, tmp_path: Path) -> None:
    before = descendants()
    assert start(temporary, class_folder(tmp_path, {"red": FAKE_COLORS["blue"]})).wait() == 1
    assert list(temporary.iterdir()) == []
    assert descendants() <= before


@pytest.mark.parametrize(
    ("number", "to_all", "code"), [(signal.SIGTERM, False, 143), (signal.SIGINT, True, 130)], ids=["killed", "ctrl-c"]
)
def test_a_run_that_a_signal_ends_leaves_nothing(
    temporary: Path, tmp_path: Path, number: int, to_all: bool, code: int
) -> None:
    before = descendants()
    process = start(temporary, class_folder(tmp_path, FAKE_COLORS), "--query", "fault=hang")
    wait_for_a_page(process, before)
    (os.killpg if to_all else os.kill)(process.pid, number)
    assert process.wait() == code
    assert list(temporary.iterdir()) == []
    assert descendants() <= before
