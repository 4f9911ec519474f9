"""The Jinja environment of all templates, and the one way in which a text reaches C#, JavaScript or JSON.

Delimiters are `<% %>`, `<%= %>` and `<%# %>`, since Emscripten owns `{{{ }}}`. A template prints foreign text only
through a filter: `cs_string`, `js_string` and `json` give a whole quoted literal, `cs_comment`, `cs_doc` and
`js_comment` one harmless line. Literals are ASCII, so no file encoding and no invisible character can change them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.sax.saxutils import escape

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from builder import resources

_CS_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Controls, line separators, zero-width and bidirectional marks, surrogates, non-characters. Listed, and not asked of
# unicodedata, whose answers change from one Python to the next.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def _utf16_escapes(text: str) -> str:
    r"""Every UTF-16 unit of `text` as `\uXXXX`; lone surrogates stay what they are."""
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04X}" for i in range(0, len(units), 2))


def cs_string(text: str) -> str:
    """A C# string literal, quotes included."""
    body = (_CS_ESCAPES.get(c) or (c if " " <= c <= "~" else _utf16_escapes(c)) for c in text)
    return '"' + "".join(body) + '"'


def cs_float(value: float) -> str:
    """A C# literal of type float, with all the digits of the double that it is rounded from."""
    return f"{float(value)!r}f"


def js_string(text: str) -> str:
    """An ES5 string literal, quotes included; no `{`, which Emscripten would expand, and no `</`."""
    return json.dumps(str(text)).replace("{", "\\u007b").replace("</", "<\\/")


def json_text(value: object) -> str:
    """JSON in ASCII on one line."""
    return json.dumps(value, allow_nan=False)


def _one_line(text: str) -> str:
    return _UNSEEN.sub(lambda match: _utf16_escapes(match[0]), text).replace("*/", "* /")


def cs_comment(text: str) -> str:
    """One line of a `//` or `/* */` comment in C#."""
    return _one_line(text)


def cs_doc(text: str) -> str:
    """One line of an XML documentation comment, inside an element or a quoted attribute."""
    return escape(_one_line(text), {'"': "&quot;"})


def js_comment(text: str) -> str:
    """One line of a `//` or `/* */` comment in JavaScript; Emscripten finds no `{{{` in it."""
    return re.sub(r"\{(?=\{)", "{ ", _one_line(text))


def _printable(value: object) -> object:
    """Refuses what no language of ours spells as Python does."""
    if value is None or isinstance(value, bool):
        msg = f"a template prints {value!r}"
        raise TypeError(msg)
    return value


def environment(folder: Path | None = None) -> Environment:
    """The environment of the templates in `folder`, which is the installed `unity_templates` unless given."""
    made = Environment(
        loader=FileSystemLoader(folder or resources.templates()),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<%=",
        variable_end_string="%>",
        comment_start_string="<%#",
        comment_end_string="%>",
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence="\n",
        autoescape=False,
    )
    made.filters |= {
        "cs_string": cs_string,
        "cs_float": cs_float,
        "cs_comment": cs_comment,
        "cs_doc": cs_doc,
        "js_string": js_string,
        "js_comment": js_comment,
        "json": json_text,
    }
    return made
