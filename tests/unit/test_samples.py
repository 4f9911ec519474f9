"""Labelled pictures: folders, lists, groups, boxes and shards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.errors import BAD_DATA, UserError
from builder.harness.evaluation.crop import Box, crop
from builder.harness.evaluation.samples import Sample, digest, read_samples, true_classes
from builder.harness.sharding import part_of
from tests.verifying import color_picture, save


def pictures(folder: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        save(color_picture((90, 120, 150), seed), folder / name)


def refusals(path: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        read_samples(path)
    assert {problem.kind for problem in caught.value.problems} == {BAD_DATA}
    return [problem.what for problem in caught.value.problems]


def test_a_folder_names_its_classes(tmp_path: Path) -> None:
    pictures(tmp_path, "happy/b.png", "happy/a.png", "sad/a.png")
    (tmp_path / "happy" / "notes.txt").write_text("no picture")
    samples = read_samples(tmp_path)
    assert [(sample.id, sample.label) for sample in samples] == [
        ("happy/a.png", "happy"),
        ("happy/b.png", "happy"),
        ("sad/a.png", "sad"),
    ]


def test_the_three_kinds_of_list_say_the_same(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png", "b.png")
    (tmp_path / "l.csv").write_text(
        "image,label,group,group:outdoor,box\na.png,7,u1,yes,1 2 10 8\nb.png,8,,,\n", "utf-8"
    )
    rows = [
        {"image": "a.png", "label": 7, "group": {"group": "u1", "outdoor": "yes"}, "box": [1, 2, 10, 8]},
        {"image": "b.png", "label": "8"},
    ]
    (tmp_path / "l.json").write_text(json.dumps(rows), "utf-8")
    (tmp_path / "l.toml").write_text(
        '[[samples]]\nimage = "a.png"\nlabel = "7"\nbox = [1, 2, 10, 8]\n'
        'group = { group = "u1", outdoor = "yes" }\n[[samples]]\nimage = "b.png"\nlabel = "8"\n',
        "utf-8",
    )
    found = [read_samples(tmp_path / name) for name in ("l.csv", "l.json", "l.toml")]
    seen = [[(s.id, s.label, dict(s.groups), s.box) for s in samples] for samples in found]
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == ("a.png", "7", {"group": "u1", "outdoor": "yes"}, Box(1, 2, 10, 8))
    assert len({digest(samples, 1.0) for samples in found}) == 1


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "l.csv").write_text("image,label\nmissing.png,x\nbroken.png,x\na.png,x\n", "utf-8")
    whats = refusals(tmp_path / "l.csv")
    assert len(whats) == 2 and "missing.png` does not exist" in whats[0] and "broken.png` cannot be read" in whats[1]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"image": "a.png"}, "samples.0.label: it is missing"),
        ({"image": "a.png", "label": "x", "grup": "1"}, "unknown key; did you mean `group`?"),
        ({"image": "a.png", "label": "x", "box": [1, 2, 0, 3]}, "width and height in pixels, the latter two above 0"),
        ({"image": "a.png", "label": "x", "box": [90, 0, 3, 3]}, "its box begins outside"),
    ],
)
def test_bad_rows_name_the_place_and_the_key(tmp_path: Path, row: dict[str, object], reason: str) -> None:
    pictures(tmp_path, "a.png")
    (tmp_path / "l.json").write_text(json.dumps([row]), "utf-8")
    assert reason in refusals(tmp_path / "l.json")[0]


def test_labels_that_the_model_does_not_have_are_named_once_each(tmp_path: Path) -> None:
    samples = [
        Sample(id=f"{i}", image=tmp_path, label=label, where="l") for i, label in enumerate(["cat", "dgo", "dgo"])
    ]
    with pytest.raises(UserError) as caught:
        true_classes(samples, ("cat", "dog"))
    assert [p.what for p in caught.value.problems] == [
        "The data cannot be used: the model has no label `dgo`; did you mean `dog`?."
    ]
    assert true_classes(samples[:1], ("dog", "cat")) == [1]


def test_shards_are_a_partition_that_spreads_the_classes(tmp_path: Path) -> None:
    samples = [Sample(id=f"{i}", image=tmp_path, label="x", where="l") for i in range(10)]
    parts = [part_of(samples, (number, 4)) for number in (1, 2, 3, 4)]
    assert sorted((s.id for part in parts for s in part), key=int) == [s.id for s in samples]
    assert [s.id for s in parts[1]] == ["1", "5", "9"]


def grid(width: int, height: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Every pixel tells its place: red is x, green y, blue 255."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x, y, np.full_like(x, 255)], axis=2).astype(np.uint8)


def test_a_box_becomes_a_square_around_its_middle() -> None:
    found = crop(grid(100, 80), Box(40, 30, 10, 20))
    assert found.shape == (20, 20, 3)
    assert found[0, 0].tolist() == [35, 30, 255] and found[-1, -1].tolist() == [54, 49, 255]


def test_an_enlarged_square_moves_inside_and_is_black_beyond() -> None:
    moved = crop(grid(100, 80), Box(0, 0, 20, 20), 1.5)
    assert moved.shape == (30, 30, 3) and moved[0, 0].tolist() == [0, 0, 255]
    whole = crop(grid(100, 80), Box(0, 0, 100, 80), 1.0)
    assert whole.shape == (100, 100, 3)
    assert whole[0, 0].tolist() == [0, 0, 0] and whole[10, 0].tolist() == [0, 0, 255]


def test_boxes_count_in_the_upright_picture(tmp_path: Path) -> None:
    image = Image.fromarray(grid(60, 40))
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by a quarter
    image.save(tmp_path / "a.png", exif=exif)
    sample = Sample(id="a", image=tmp_path / "a.png", label="x", where="l", box=Box(30, 50, 10, 10))
    assert sample.pixels().tolist() == crop(np.rot90(grid(60, 40), -1).copy(), Box(30, 50, 10, 10)).tolist()
