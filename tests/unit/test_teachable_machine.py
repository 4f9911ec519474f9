"""Teachable Machine's export works by itself, as a folder and as the ZIP that the site gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.inputs.options import Source
from builder.inputs.teachable_machine import read_export
from tests.archives import teachable_machine
from tests.models import tiny_labels


def test_the_export_states_labels_normalization_and_crop(tmp_path: Path) -> None:
    export = read_export(teachable_machine(tmp_path))
    assert export is not None
    assert export.labels() == tiny_labels(3)
    assert export.settings.said() == {"normalize": "signed", "fit": "crop"}
    stated = Source("metadata.json", f"{tmp_path / 'metadata.json'}: packageName")
    assert export.settings.sources == {"normalize": stated, "fit": stated}
    assert export.remark == (
        "metadata.json names @teachablemachine/image, which crops pictures to the centre and hands them over as -1..1"
    )


def test_models_of_sounds_and_poses_state_no_normalization(tmp_path: Path) -> None:
    export = read_export(teachable_machine(tmp_path, packageName="@teachablemachine/pose"))
    assert export is not None
    assert (export.labels(), export.settings.said(), export.remark) == (tiny_labels(3), {}, None)


@pytest.mark.parametrize(
    "content", ["[]", "3", "{}", '{"packageName": 3}', '{"packageName": "@me/image", "labels": 3}']
)
def test_metadata_of_other_tools_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "metadata.json").write_text(content, "utf-8")
    assert read_export(tmp_path) is None
    assert read_export(tmp_path / "nowhere") is None


def test_metadata_without_labels(tmp_path: Path) -> None:
    folder = teachable_machine(tmp_path)
    document = json.loads((folder / "metadata.json").read_text("utf-8"))
    del document["labels"]
    (folder / "metadata.json").write_text(json.dumps(document), "utf-8")
    export = read_export(folder)
    assert export is not None and export.found is None
