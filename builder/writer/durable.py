"""Writing that survives a power cut: what has to be on the disk before the next step counts on it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

# Some network file systems cannot do it, and say so.
_CANNOT = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM})
_AT_ONCE = 8  # waiting together costs a disk little more than waiting once


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    finally:
        os.close(descriptor)


def _all(sync: Callable[[Path], None], paths: Iterable[Path]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as workers:
        list(workers.map(sync, paths))


def sync_files(paths: Iterable[Path]) -> None:
    """Returns once the bytes of all these files are on the disk."""
    _all(lambda path: _sync(path, os.O_RDWR), paths)


def sync_folder(path: Path) -> None:
    """Returns once the names in a folder are on the disk. Windows sees to that by itself."""
    if sys.platform != "win32":
        _sync(path, os.O_RDONLY)


def sync_folders(paths: Iterable[Path]) -> None:
    """`sync_folder` for many."""
    _all(sync_folder, paths)
