from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from builder.render.environment import cs_comment, cs_doc, cs_float, cs_string, environment, js_comment, js_string

TEXTS = st.text(st.characters(exclude_categories=()))  # lone surrogates included


def render(tmp_path: Path, template: str, **values: object) -> str:
    (tmp_path / "t.j2").write_text(template, "utf-8", newline="\n")
    return environment(tmp_path).get_template("t.j2").render(values)


def test_prints_values_blocks_and_drops_comments(tmp_path: Path) -> None:
    template = "<%# gone %>\n<% for x in xs %>\n  {{{ <%= x %> }}}\n<% endfor %>\nend\n"
    assert render(tmp_path, template, xs=[1, 2]) == "  {{{ 1 }}}\n  {{{ 2 }}}\nend\n"


def test_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        render(tmp_path, "<%= typo %>")


@pytest.mark.parametrize("value", [None, True, False])
def test_python_spellings_are_never_printed(tmp_path: Path, value: object) -> None:
    with pytest.raises(TypeError, match="prints"):
        render(tmp_path, "<%= value %>", value=value)


def test_json_filter_gives_a_literal(tmp_path: Path) -> None:
    assert render(tmp_path, "<%= v | json %>", v={"a": [True, None, 'é"']}) == '{"a": [true, null, "\\u00e9\\""]}'


def test_cs_string_escapes_by_the_language_rules() -> None:
    assert cs_string('a"b\\c\n\r\t\0') == r'"a\"b\\c\n\r\t\u0000"'
    assert cs_string("\u2028é😀\ud800") == r'"\u2028\u00E9\uD83D\uDE00\uD800"'


def test_cs_float_keeps_every_digit() -> None:
    assert cs_float(1 / 255) == "0.00392156862745098f"
    assert cs_float(1) == "1.0f"
    assert float(cs_float(1e-7)[:-1]) == 1e-7


@given(TEXTS)
def test_cs_string_is_one_ascii_literal(text: str) -> None:
    literal = cs_string(text)
    assert literal.isascii() and literal.isprintable()
    # \uXXXX, \\, \" and \n, \r, \t mean the same in JSON, so JSON's parser reads the literal back.
    units = json.loads(literal).encode("utf-16-be", "surrogatepass")
    assert units == text.encode("utf-16-be", "surrogatepass")


@given(TEXTS)
def test_js_string_reads_back_and_hides_nothing_from_emscripten(text: str) -> None:
    literal = js_string(text)
    assert literal.isascii() and "{" not in literal and "</" not in literal
    assert json.loads(literal).encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")


@given(TEXTS)
def test_comments_stay_on_their_line_and_do_not_close(text: str) -> None:
    for line in (cs_comment(text), cs_doc(text), js_comment(text)):
        assert "*/" not in line
        assert len(line.splitlines()) <= 1
        line.encode("utf-8")
    assert "{{" not in js_comment(text)


def test_comments_show_what_readers_cannot_see() -> None:
    assert cs_comment("a\u202eb*/é") == r"a\u202Eb* /é"
    assert cs_doc('</summary> & "x"') == "&lt;/summary&gt; &amp; &quot;x&quot;"
    assert js_comment("{{{ x }}}") == "{ { { x }}}"
