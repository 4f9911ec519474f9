"""The HTML report: complete, self-contained, and deaf to whatever labels, paths and consoles say."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.cli.github import failures, summary
from builder.errors import NO_BRIDGE, UserError, fail
from builder.harness import files
from builder.harness.cases import Case
from builder.harness.differences import compare_run
from builder.harness.html.of_run import failure_page, page
from builder.harness.html.render import html
from builder.harness.results import (
    CaseResult,
    Check,
    ConsoleLine,
    ModelInfo,
    PageLog,
    Prediction,
    RunResult,
    Start,
    Tensors,
)
from builder.harness.visits import Findings, RunFailed
from tests.unit.test_harness_pixels import pixels
from tests.verifying import color_picture, save

EVIL = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)> \" onload=x ' javascript: {{ 7*7 }}"


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def findings(folder: Path, text: str = "happy") -> Findings:
    save(color_picture((120, 90, 60)), folder / "a.png")
    cases = [Case(id=f"{text} {i}", image=folder / "a.png", where="a", label=text) for i in range(3)]
    run = RunResult(
        build=text,
        browser="Chromium 1",
        renderer=text,
        backend_asked="auto",
        backend_used="wasm",
        model=ModelInfo(1, text, "faces", "ab" * 32, (text, "sad")),
        cases=(
            CaseResult(cases[0], Prediction((0.75, 0.25), 0, "probe", 1, 12.5), ()),
            CaseResult(cases[1], Prediction((0.25, 0.75), 1, "probe", 2, 7.5), (f"expected {text}",)),
            CaseResult(cases[2], None, (f"the prediction failed: {text}",)),
        ),
        checks=(Check("backend", True, text), Check("tensors", False, "1 leaked", (text,))),
        tensors=Tensors(before=1, after=2),
        log=PageLog(console=(ConsoleLine("error", text),), page_errors=(text,), dialogs=(text,)),
        start=Start(api="", instances=0, progress=0.0, seconds=2.5),
    )
    return Findings(result=run, screenshot=None)


def test_the_page_shows_everything(tmp_path: Path) -> None:
    found = read(html(page(findings(tmp_path), None)))
    for part in ("FAIL: 2 of 3 cases fail", "1 leaked", "expected happy", "0.750", "happy 2", "the prediction failed"):
        assert part in found.text, part
    assert found.tags.count("article") == 3 and found.tags.count("img") == 3


def test_the_page_needs_nothing_and_runs_nothing(tmp_path: Path) -> None:
    found = read(html(page(findings(tmp_path), None)))
    assert not {"script", "link", "iframe", "object", "form", "a"} & set(found.tags)
    sources = [value for name, value in found.attributes if name in ("src", "href", "style", "srcset")]
    assert sources and all(value.startswith("data:image/") for value in sources)
    policy = next(value for name, value in found.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    plain, hostile = (read(html(page(findings(tmp_path, text), None))) for text in ("happy", EVIL))
    assert hostile.tags == plain.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]
    assert EVIL in hostile.text and "49" not in hostile.text


def test_control_characters_do_not_reach_the_page(tmp_path: Path) -> None:
    text = html(page(findings(tmp_path, "a\x1b[2J\u202eb\x00c"), None))
    assert not re.search("[\x00\x1b\u202e]", text) and "a\ufffd[2J\ufffdb\ufffdc" in text


def test_a_build_that_did_not_load_has_a_page_too() -> None:
    failure = RunFailed(
        fail(NO_BRIDGE, reason="none appeared within 5 s"), PageLog(console=(ConsoleLine("error", EVIL),)), None
    )
    found = read(html(failure_page("WebGL", failure)))
    assert "NO_BRIDGE" in found.text and EVIL in found.text and "script" not in found.tags


def test_what_is_worse_than_before_is_named_and_fails(tmp_path: Path) -> None:
    before = findings(tmp_path).result
    (tmp_path / "old.json").write_text(files.json_report(before, 1), "utf-8")
    assert compare_run(tmp_path / "old.json", before).passed
    first = replace(before.cases[0], reasons=("wrong now",))
    check = compare_run(tmp_path / "old.json", replace(before, cases=(first, *before.cases[1:])))
    assert not check.passed and check.reasons == ("probe happy 0 passed, and fails now",)
    check = compare_run(tmp_path / "old.json", replace(before, cases=before.cases[1:]))
    assert check.reasons == ("probe happy 0 passed, and is gone",)
    (tmp_path / "old.json").write_text("{}")
    with pytest.raises(UserError, match="it is no report of verify"):
        compare_run(tmp_path / "old.json", before)


def test_annotations_cannot_begin_another_command() -> None:
    lines = failures("verify", [Check("a:b,c", False, "50% \n::error::forged")])
    assert lines == ["::error title=verify%3A a%3Ab%2Cc::50%25  ::error::forged"]
    many = failures("verify", [], [(f"case {i}", ["no"]) for i in range(40)])
    assert len(many) == 10


def test_the_step_summary_has_no_foreign_markup() -> None:
    text = summary("FAIL: x", [("model", "<img src=x> [a](http://b) | `c` @d")], [EVIL])
    assert "<" not in text and "http://" not in text and not re.search(r"(?<!\\)[\[\]`*]", text)
    assert text.count("\n") == 7 and re.findall(r"(?<!\\)\|", text.splitlines()[4]) == ["|"] * 3


def test_what_a_model_made_stands_beside_what_was_expected(tmp_path: Path) -> None:
    save(color_picture((120, 90, 60)), tmp_path / "a.png")
    save(np.full((10, 20, 3), 255, np.uint8), tmp_path / "mask.png")
    case = Case(id="a", image=tmp_path / "a.png", where="a", expect={"mask": str(tmp_path / "mask.png")})
    made = Prediction((), None, "probe", 1, 9.0, task="segmentation", found=pixels(np.full((10, 20), 7, np.uint8)))
    whole = findings(tmp_path)
    run = replace(
        whole.result, cases=(CaseResult(case, made, ("IoU 0",)),), model=ModelInfo(1, "a", "a", "ab" * 32, ())
    )
    text = html(page(replace(whole, result=run), None))
    assert "what it made" in text and "expected</figcaption>" in text
    shown = [
        Image.open(io.BytesIO(base64.b64decode(each))) for each in re.findall('data:image/png;base64,([^"]+)', text)
    ]
    assert [image.convert("L").getpixel((3, 3)) for image in shown if image.size == (20, 10)] == [7, 255]
    assert files.json_report(run, 1)  # without its pixels
