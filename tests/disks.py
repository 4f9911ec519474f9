"""Disks of a few MB, mounted for a test, and other users to run commands as."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands import Outcome
from tests.processes import command_line, ended

_NOBODY = 65534
# Imports everything by a rehearsal, since the other user may not be allowed to read this Python, and then becomes it.
_AS_NOBODY = f"""
import json, os, sys
from builder.cli import main
given, sys.argv[1:] = sys.argv[2:], json.loads(sys.argv[1])
try:
    main()
except SystemExit as stop:
    assert stop.code == 0, stop.code
os.setgroups([]), os.setgid({_NOBODY}), os.setuid({_NOBODY})
sys.argv[1:] = given
print("now as another user", file=sys.stderr)
main()
"""


def as_nobody(rehearsal: Sequence[object], *arguments: object) -> Outcome:
    """Runs the command as a user without rights; `rehearsal` is a like run that succeeds.

    Where the tests themselves run as such a user, it is run as it is.
    """
    if os.geteuid() != 0:
        return ended(command_line(*arguments))
    plain = command_line()[:1]
    done = ended([*plain, "-c", _AS_NOBODY, json.dumps(list(map(str, rehearsal))), *map(str, arguments)])
    before, mark, own = done.err.partition("now as another user\n")
    assert mark, before
    return done._replace(err=own)


@dataclass(frozen=True)
class Disk:
    """A mounted tmpfs. Commands see it at `place`, this process at `seen`; `prefix` leads them to it."""

    place: Path
    seen: Path
    prefix: tuple[str, ...] = ()

    def run(self, *arguments: object) -> Outcome:
        """Runs `tfjs-for-unity` where the disk is mounted."""
        return ended([*self.prefix, *command_line(*arguments)])

    def set_read_only(self) -> None:
        subprocess.run([*self.prefix, "mount", "-o", "remount,ro", str(self.place)], check=True)

    def fill(self) -> None:
        """Takes every free byte, down to the last page."""
        with (self.seen / "filling").open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096) == 4096:
                    pass
            except OSError:
                return


@contextmanager
def small_disk(place: Path, options: str) -> Iterator[Disk]:
    """A tmpfs at `place` with these mount options: mounted by root, or in a namespace of its own; else it skips."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    with ExitStack() as stack:
        if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            stack.callback(subprocess.run, ["umount", "--lazy", str(place)], check=True)
            yield Disk(place, place)
        else:
            yield stack.enter_context(_disk_in_namespace(place, mount))


@contextmanager
def _disk_in_namespace(place: Path, mount: Sequence[str]) -> Iterator[Disk]:
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        pytest.skip("neither root's mount nor util-linux's unshare is to be had")
    script = '"$@" && echo mounted && cat'
    holder = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *mount]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        if process.stdout.readline() != b"mounted\n":
            pytest.skip("this system lets nobody mount a tmpfs, not even in a namespace")
        enter = ("nsenter", f"--target={process.pid}", "--user", "--mount", "--preserve-credentials")
        yield Disk(place, Path(f"/proc/{process.pid}/root{place}"), enter)
        process.stdin.close()
