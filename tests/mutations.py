"""Files that were right and then had something happen to them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

# Values that readers like to stumble over.
NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 3, 4097, 2**31, 2**63, 10**400, 1e308, -0.5, 1e-320),
    *("", " ", "x", "0", "-1", "NaN", "float32", "int32", "DT_UINT8", "../x", "/x", "C:\\x", "x" * 2000, "__proto__"),
    *("\x00", "\x1b[31m", "\u202e", "\n", "*/", "{{{", "\U0001f600", "e\u0301"),
    *([], {}, [[]], [None], {"": {}}, [1, 2, 3], {"0": "a"}, {"dtype": "float16"}, [[[[0]]]]),
)
CHUNKS = (b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"{", b"[", b"]", b",", b"\n", b"\r", b"\x1b", b"=", b"'''")


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """The path of everything inside a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from places(inner, (*above, key))


def _holder(document: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401
    for key in path[:-1]:
        document = document[key]
    return document


@st.composite
def mutated_json(draw: st.DrawFn, document: Any) -> bytes:  # noqa: ANN401
    """The document as JSON after one to three values were replaced, removed, doubled or moved elsewhere."""
    result = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(result))
        if not found:
            break
        path = draw(st.sampled_from(found))
        holder, key = _holder(result, path), path[-1]
        action = draw(st.sampled_from(("replace", "replace", "remove", "move", "wrap", "double")))
        if action == "remove":
            del holder[key]
        elif action == "double" and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        elif action == "move":
            other = draw(st.sampled_from(found))
            holder[key] = copy.deepcopy(_holder(result, other)[other[-1]])
        else:
            holder[key] = [holder[key]] if action == "wrap" else copy.deepcopy(draw(st.sampled_from(NASTY)))
    return json.dumps(result).encode()


@st.composite
def mutated_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes after one to three places were cut out, overwritten or filled with something else."""
    data = content
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from((0, 0, 1, 2, 10, 1000))))
        data = data[:start] + draw(st.sampled_from(CHUNKS) | st.binary(max_size=4)) + data[end:]
    return data
