"""One command at a time in a project: a lock of the operating system, which a killed process cannot leave behind."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from builder.errors import BUSY, NOT_WRITABLE, UserError, fail
from builder.writer.undo import Recovered, reason, recover, remove_if_empty

NAME = ".tfjs-for-unity.lock"
WAIT_S = 10.0
_PAUSE_S = 0.05
# Nobody who gets one of these can change the project either; `apply` says so if there is anything to change.
_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # Windows keeps others from reading what is locked, so the lock lies beyond the text

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        """False while another has it. A file system without locks lets everybody pass."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            return error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
        return True


def _is_current(descriptor: int, file: Path) -> bool:
    """False if the file was deleted by its last holder, after it was opened here."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except OSError:
        return False


def _attempt(file: Path) -> int | None:
    """A descriptor that holds the lock, or None while another holds it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    if _try_lock(descriptor) and _is_current(descriptor, file):
        _sign(descriptor)
        return descriptor
    os.close(descriptor)
    return None


def _sign(descriptor: int) -> None:
    """Says who holds the lock, as a help to those who wait; on a full disk it goes unsaid."""
    with suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())


def _busy(file: Path, wait_s: float) -> UserError:
    holder = ""
    with suppress(OSError):
        text = file.read_text("ascii", errors="replace").strip()
        holder = f" (process {text})" if text.isdigit() else ""
    return fail(BUSY, file.parent, holder=holder, seconds=f"{wait_s:g}")


def _acquire(file: Path, wait_s: float) -> int | None:
    """A descriptor that holds the lock; None in a folder that cannot be written to. Raises BUSY."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            if (descriptor := _attempt(file)) is not None:
                return descriptor
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise
            if not os.access(file.parent, os.W_OK):
                return None
        if time.monotonic() >= deadline:
            raise _busy(file, wait_s)
        time.sleep(_PAUSE_S)


def _release(descriptor: int, file: Path) -> None:
    """Deletes the lock file: before it is unlocked where the system allows that, so that nobody can hold it then."""
    if sys.platform != "win32":
        file.unlink(missing_ok=True)
    os.close(descriptor)
    if sys.platform == "win32":
        with suppress(OSError):
            file.unlink()


@contextmanager
def _folder(target: Path) -> Iterator[None]:
    """Makes `target` where it is missing, and takes it away again if nothing came into it."""
    absent = [folder for folder in (target, *target.parents) if not folder.exists()]
    target.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for folder in absent:
            with suppress(OSError):
                remove_if_empty(folder)


@contextmanager
def _locked(target: Path, wait_s: float) -> Iterator[None]:
    with _folder(target):
        file = target / NAME
        descriptor = _acquire(file, wait_s)
        try:
            yield
        finally:
            if descriptor is not None:
                _release(descriptor, file)


@contextmanager
def opened(target: Path, wait_s: float = WAIT_S) -> Iterator[Recovered]:
    """`target` for this process alone, cleaned up after an interrupted run; what was found of that.

    Waits up to `wait_s` seconds for another process. Raises BUSY, NOT_WRITABLE and what `recover` raises.
    """
    try:
        with _locked(target, wait_s):
            yield recover(target)
    except OSError as error:
        raise fail(NOT_WRITABLE, error.filename or target, reason=reason(error)) from error
