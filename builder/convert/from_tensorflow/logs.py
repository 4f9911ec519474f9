"""What other programs said, kept only where something went wrong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from builder.convert.from_tensorflow.store import cache_folder
from builder.errors import TOOLCHAIN_NOT_WRITABLE, fail


@contextmanager
def log_file(about: str) -> Iterator[tuple[IO[bytes], Path]]:
    """A new file in the cache folder and its path; deleted at the end, unless an exception ends this."""
    try:
        folder = cache_folder() / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(".log", f"{about}-", folder)
    except OSError as error:
        raise fail(TOOLCHAIN_NOT_WRITABLE, cache_folder(), reason=error.strerror or "unknown error") from None
    with os.fdopen(descriptor, "wb") as file:
        yield file, Path(name)
    Path(name).unlink(missing_ok=True)
