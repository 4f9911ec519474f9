"""Label files that cannot be used, and the exact words about each."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import TOO_LARGE, UserError
from builder.inputs import labels
from builder.inputs.labels import read_labels


def refused(path: Path) -> list[tuple[str, str]]:
    """(place, what) of every problem."""
    with pytest.raises(UserError) as caught:
        read_labels(path)
    assert caught.value.exit_code == 2
    return [(found.where.removeprefix(str(path)), found.what) for found in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "content", "place", "reason"),
    [
        ("a.txt", "", "", "there are none"),
        ("a.txt", "\n \n", "", "there are none"),
        ("a.json", "[]", "", "there are none"),
        ("a.txt", "ant\n\nbee", ": line 2", "this label is empty"),
        ("a.txt", "ant\nbee\nant", ": line 3", "'ant' stands there a second time, first at line 1"),
        ("a.json", '["ant", "bee", " ant"]', ": 2", "'ant' stands there a second time, first at 0"),
        ("a.json", '["ant", 7]', ": 1", "this is not text but a number"),
        ("a.json", '{"labels": ["ant", null]}', ": labels.1", "this is not text but null"),
        ("a.json", '{"0": "ant", "2": "bee"}', ": 2", "the keys must be 0 to 1, each once; '2' is not one of them"),
        ("a.json", '{"ant": 0, "bee": 1}', ": ant", "the keys must be 0 to 1, each once; 'ant' is not one of them"),
        ("a.json", '"ant"', "", "it holds text instead of a list"),
        ("a.json", '["ant",', "", "Expecting value in line 1, column 8"),
        ("a.json", "[NaN]", "", "NaN is no JSON number"),
        ("a.json", '["\\ud800"]', "", "a text in it holds half a surrogate pair"),
        ("a.json", '["a\\u0000b"]', ": 0", "'a\ufffdb' holds a control character"),
        ("a.json", "[" * 100_000, "", "it is nested too deeply"),
        ("a.json", '{"0": "ant", "0": "bee"}', "", "the key '0' stands there twice"),
        (
            "a.json",
            '{"labels": ["ant"], "classes": ["bee"]}',
            "",
            "it holds both `labels` and `classes`, and they differ",
        ),
        ("a.json", '{"classes": "ant"}', ": classes", "it holds text instead of a list"),
        (
            "a.json",
            '{"classes": {"1": "ant"}}',
            ": classes.1",
            "the keys must be 0 to 0, each once; '1' is not one of them",
        ),
        (
            "a.json",
            '{"labels": {"labels": ["ant"]}}',
            ": labels.labels",
            "the keys must be 0 to 0, each once; 'labels' is not one of them",
        ),
        ("a.json", "{}", "", "there are none"),
        ("a.csv", "", "", "there are none"),
        ("a.csv", "label\n", "", "there are none"),
        ("a.csv", "label\nant\n\nbee", ": line 3", "this label is empty"),
        ("a.csv", "0,ant\n1,", ": line 2", "this label is empty"),
        ("a.csv", "0,ant\n1,bee\n2,ant", ": line 3", "'ant' stands there a second time, first at line 1"),
        ("a.csv", "1,ant\n2,bee", ": line 2", "the indices must be 0 to 1, each once; '2' is not"),
        ("a.csv", "0,ant\n0,bee", ": line 2", "the indices must be 0 to 1, each once; '0' is not"),
        ("a.csv", "index,label\n0,ant\nx,bee", ": line 3", "the indices must be 0 to 1, each once; 'x' is not"),
        ("a.csv", "0,tench\n1,goldfish, gold", ": line 2", "this line has 3 cells, the first has 2"),
        ("a.csv", '0,"ant\n1,bee', ": line 1", "unexpected end of data"),
        ("a.csv", '"two\nlines",x\n"a"b,y', ": line 3", "',' expected after '\"'"),
        (
            "a.csv",
            "ant,red\nbee,blue",
            "",
            "none of its 2 columns is known as that of the labels; call it `label`, and `index` the other",
        ),
    ],
)
def test_a_bad_label_file_is_explained(tmp_path: Path, name: str, content: str, place: str, reason: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8", newline="")
    assert refused(path) == [(place, f"The labels cannot be used: {reason}.")]


def test_every_bad_label_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("ant\n\nbee\nant\n" + "x" * 1001, "utf-8")
    assert [place for place, _ in refused(path)] == [": line 2", ": line 4", ": line 5"]


def test_very_many_bad_labels_are_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("ant\n" * 100, "utf-8")
    found = refused(path)
    assert len(found) == 21
    assert found[-1] == ("", "The labels cannot be used: 79 more of them are bad.")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("ant\nbee".encode("utf-16"))
    assert refused(path) == [("", "The labels cannot be used: it is not UTF-8 text (byte 0).")]


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.txt") == [("", "The labels cannot be used: there is no such file.")]
    assert refused(tmp_path) == [("", "The labels cannot be used: it is a folder.")]


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "MAX_LABEL_BYTES", 10)
    path = tmp_path / "labels.txt"
    path.write_text("01234567890", "utf-8")
    with pytest.raises(UserError) as caught:
        read_labels(path)
    assert [found.kind for found in caught.value.problems] == [TOO_LARGE]
    assert caught.value.problems[0].what == "This file has 11 bytes, more than the 10 that are read."
