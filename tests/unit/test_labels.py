from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.errors import BAD_LABELS, UserError
from builder.inputs.labels import read_labels

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
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
    ],
)
def test_all_forms_give_the_same_labels(tmp_path: Path, name: str, content: str) -> None:
    assert read_labels(written(tmp_path, name, content)) == ("ant", "big bear", "Löwe")


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
