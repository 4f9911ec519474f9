from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import BAD_LABELS, UserError
from builder.inputs.labels import read_labels

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
# Whatever people may write: line breaks and tabs, but no characters that only steer devices, and no half pairs.
LABELS = st.text(
    st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\t\r,;\"'*/\\"), min_size=1, max_size=20
).filter(str.strip)
PLAIN = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["0", "1", "labels", "x"]), inner),
    max_leaves=8,
)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.json", '["ant", "big bear", "Löwe"]'),
        ("labels.json", '{"0": "ant", "1": "big bear", "2": "Löwe"}'),
        ("labels.json", '{"2": "Löwe", "0": "ant", "1": "big bear"}'),
        ("labels.json", '{"labels": ["ant", "big bear", "Löwe"], "version": 1}'),
        ("labels.json", '{"classes": ["ant", "big bear", "Löwe"]}'),
        ("labels.txt", "ant\nbig bear\nLöwe"),
        ("labels.txt", "ant\nbig bear\nLöwe\n\n\n"),
        ("labels.txt", "\ufeffant\r\nbig bear\r\nLöwe\r\n"),
        ("labels.txt", "  ant \n\tbig bear\nLöwe\n"),
        ("labels", '["ant", "big bear", "Löwe"]'),
        ("labels.txt", '["ant", "big bear", "Löwe"]'),
        ("labels.json", '{"labels": {"0": "ant", "2": "Löwe", "1": "big bear"}}'),
        ("labels.json", '{"classes": ["ant", "big bear", "Löwe"], "labels": ["ant", "big bear", "Löwe"]}'),
        ("metadata.json", '{"packageName": "@teachablemachine/image", "labels": ["ant", "big bear", "Löwe"]}'),
        ("labels.csv", "ant\nbig bear\nLöwe\n"),
        ("labels.csv", "label\r\nant\r\nbig bear\r\nLöwe\r\n"),
        ("labels.csv", '\ufeff"Class Name"\n"ant"\n"big bear"\n"Löwe"'),
        ("labels.csv", "0,ant\n1,big bear\n2,Löwe\n\n"),
        ("labels.csv", "2,Löwe\n0,ant\n1,big bear"),
        ("labels.csv", "ant,0\nbig bear,1\nLöwe,2"),
        ("labels.csv", "index,label\n0,ant\n1,big bear\n2,Löwe"),
        ("labels.csv", "0;ant\n1;big bear\n2;Löwe"),
        ("labels.csv", "index;mid;display_name\n1;/m/b;big bear\n0;/m/a;ant\n2;/m/c;Löwe"),
        ("labels.csv", "label,color\nant,red\nbig bear,brown\nLöwe,yellow"),
        ("labels.tsv", "0\tant\n1\tbig bear\n2\tLöwe"),
    ],
)
def test_all_forms_give_the_same_labels(tmp_path: Path, name: str, content: str) -> None:
    assert read_labels(written(tmp_path, name, content)) == ("ant", "big bear", "Löwe")


def test_quoted_cells_may_hold_anything(tmp_path: Path) -> None:
    content = '0,"a, b; ""c"""\n1,"two\nlines"\n2,*/ <b> \\n\n'
    labels = ('a, b; "c"', "two\nlines", "*/ <b> \\n")
    assert read_labels(written(tmp_path, "labels.csv", content)) == labels


def test_lines_of_text_that_look_like_json_are_lines(tmp_path: Path) -> None:
    assert read_labels(written(tmp_path, "labels.txt", "[unknown]\n{x}")) == ("[unknown]", "{x}")


@given(
    labels=st.lists(LABELS, min_size=1, max_size=12, unique_by=str.strip),
    index=st.booleans(),
    mark=st.sampled_from(",;\t"),
)
@SAME_FOLDER
def test_any_text_that_a_csv_writer_writes_is_read_again(
    tmp_path: Path, labels: list[str], index: bool, mark: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=mark, quoting=csv.QUOTE_ALL)
    writer.writerow(["index", "label"] if index else ["label"])
    writer.writerows([str(i), label] if index else [label] for i, label in enumerate(labels))
    path = written(tmp_path, "labels.csv", text.getvalue())
    assert list(read_labels(path)) == [label.strip() for label in labels]


@given(labels=st.lists(LABELS, min_size=1, max_size=30, unique_by=str.strip))
@SAME_FOLDER
def test_any_text_with_line_breaks_survives_as_json(tmp_path: Path, labels: list[str]) -> None:
    path = written(tmp_path, "labels.json", json.dumps({"classes": labels}))
    assert list(read_labels(path)) == [label.strip() for label in labels]


def test_numbers_as_keys_are_ordered_by_value(tmp_path: Path) -> None:
    wanted = [f"class {i}" for i in range(12)]
    content = json.dumps({str(i): wanted[i] for i in sorted(range(12), key=str)})
    assert list(read_labels(written(tmp_path, "labels.json", content))) == wanted


@given(labels=st.lists(PLAIN, min_size=1, max_size=30, unique=True))
@SAME_FOLDER
def test_any_unique_texts_survive_as_json(tmp_path: Path, labels: list[str]) -> None:
    assert list(read_labels(written(tmp_path, "labels.json", json.dumps(labels)))) == labels


@given(content=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@SAME_FOLDER
def test_any_file_gives_good_labels_or_an_explanation(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, "labels.json", content)
    try:
        labels = read_labels(path)
    except UserError as error:
        assert all(found.kind is BAD_LABELS and found.where.startswith(str(path)) for found in error.problems)
    else:
        assert labels and len(set(labels)) == len(labels)
        assert all(label.strip() == label and label for label in labels)
