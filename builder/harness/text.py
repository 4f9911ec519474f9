"""Text that comes from a page or a build, made harmless for a terminal, a file and XML."""

from __future__ import annotations

import unicodedata

MAX_TEXT = 2000
# Controls, surrogates, private use, unassigned, and format characters (bidirectional overrides among them).
_UNSAFE = {"Cc", "Cs", "Co", "Cn", "Cf", "Zl", "Zp"}


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """`text` on one line, without control, format or surrogate characters, at most `limit` characters long."""
    cut = text[: limit + 1]
    safe = "".join(" " if c in "\n\r\t" else "\ufffd" if unicodedata.category(c) in _UNSAFE else c for c in cut)
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"
