"""Lists and folders of cases: what is accepted, and what is said about the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builder.errors import BAD_CASES, UserError
from builder.harness.cases import Case, check_against, read_cases
from builder.harness.images import ImageRefused, page_image, read_rgb
from builder.harness.listing import parse_list


def picture(path: Path, color: tuple[int, int, int] = (255, 0, 0)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), color).save(path)
    return path


def reasons(path: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        read_cases(path)
    assert {problem.kind for problem in caught.value.problems} == {BAD_CASES} and caught.value.exit_code == 2
    return [str(problem.params["reason"]) for problem in caught.value.problems]


def listed(folder: Path, name: str, text: str) -> Path:
    picture(folder / "a.png")
    path = folder / name
    path.write_text(text, "utf-8")
    return path


LISTS = {
    "cases.toml": '[[cases]]\nimage = "a.png"\nlabel = "cat"\nmin = 0.9\n'
    '[[cases]]\nimage = "a.png"\nscores = [0.25, 0.75]\ntolerance = 0.5\nsource = "camera"\nquery = "?x=1"\n',
    "cases.json": '[{"image": "a.png", "label": "cat", "min": 0.9},'
    '{"image": "a.png", "scores": [0.25, 0.75], "tolerance": 0.5, "source": "camera", "query": "x=1"}]',
    "cases.csv": "image,label,min,scores,tolerance,source,query\na.png,cat,0.9,,,,\n"
    'a.png,,,"0.25 0.75",0.5,camera,x=1\n',
    "german.csv": "image;label;min;scores;tolerance;source;query\na.png;cat;0.9;;;;\n"
    "a.png;;;0.25 0.75;0.5;camera;x=1\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_every_format_of_a_list_says_the_same(tmp_path: Path, name: str) -> None:
    first, second = read_cases(listed(tmp_path, name, LISTS[name]))
    image = tmp_path / "a.png"
    assert (first.id, first.image, first.label, first.minimum, first.scores) == ("a.png", image, "cat", 0.9, None)
    assert (first.source, first.query) == ("probe", "")
    assert (second.id, second.label, second.scores, second.tolerance) == ("a.png#2", None, (0.25, 0.75), 0.5)
    assert (second.source, second.query) == ("camera", "x=1")


def test_a_folder_gives_one_case_per_image_named_after_its_class(tmp_path: Path) -> None:
    picture(tmp_path / "dog" / "1.png")
    picture(tmp_path / "cat" / "2.PNG")
    (tmp_path / "cat" / "notes.txt").write_text("no image")
    (tmp_path / ".git").mkdir()
    cases = read_cases(tmp_path)
    assert [(case.id, case.label) for case in cases] == [("cat/2.PNG", "cat"), ("dog/1.png", "dog")]


def test_a_folder_without_classes_is_explained(tmp_path: Path) -> None:
    assert reasons(tmp_path) == ["the folder has no sub-folder per class: it is empty"]
    picture(tmp_path / "1.png")
    assert reasons(tmp_path) == ["the folder has no sub-folder per class: its images lie in no sub-folder"]
    (tmp_path / "cat").mkdir()
    assert reasons(tmp_path) == ["the class has no images"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"label": "cat"}, "cases.0.image: it is missing"),
        ({"image": "a.png", "labl": "cat"}, "cases.0.labl: unknown key; did you mean `label`?"),
        ({"image": "a.png"}, "cases.0: give `label`, `scores`, or both"),
        ({"image": "a.png", "scores": [1], "min": 0.5}, "cases.0: `min` needs `label`"),
        ({"image": "a.png", "label": "cat", "tolerance": 0.5}, "cases.0: `tolerance` needs `scores`"),
        ({"image": "a.png", "label": "cat", "min": 1.5}, "cases.0.min: Input should be less than or equal to 1"),
        ({"image": "a.png", "scores": [float("nan")]}, "cases.0.scores.0: Input should be a finite number"),
        ({"image": "a.png", "label": "x", "source": "usb"}, "cases.0.source: Input should be 'probe' or 'camera'"),
        (7, "cases.0: Input should be a valid dictionary or instance of CaseEntry"),
    ],
)
def test_a_bad_entry_is_named_with_its_place(tmp_path: Path, entry: object, expected: str) -> None:
    found = reasons(listed(tmp_path, "cases.json", json.dumps([entry])))
    assert expected in found


def test_all_bad_entries_are_reported_at_once(tmp_path: Path) -> None:
    found = reasons(listed(tmp_path, "cases.json", '[{"image": "a.png"}, {"label": "x"}]'))
    assert found == ["cases.0: give `label`, `scores`, or both", "cases.1.image: it is missing"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("cases.json", "{", "it is not valid JSON: Expecting property name enclosed in double quotes"),
        ("cases.json", "[" * 100_000, "it is not valid JSON: "),
        ("cases.json", "7", "it holds neither a list nor an object with `cases`"),
        ("cases.json", "[]", "cases: List should have at least 1 item"),
        ("cases.json", '{"case": []}', "cases: it is missing"),
        ("cases.toml", "x = ", "it is not valid TOML: Invalid value"),
        ("cases.csv", "image,label\na.png,cat,0.9\n", "it is not valid CSV: line 2 has more cells than the header"),
        ("cases.yaml", "", "a list ends in .toml, .json or .csv"),
    ],
)
def test_a_bad_list_is_explained(tmp_path: Path, name: str, text: str, expected: str) -> None:
    assert any(reason.startswith(expected) for reason in reasons(listed(tmp_path, name, text)))


def test_broken_and_absent_images_are_named(tmp_path: Path) -> None:
    path = listed(tmp_path, "cases.csv", "image,label\nabsent.png,cat\nbroken.png,cat\n")
    whole = picture(tmp_path / "b.png").read_bytes()
    (tmp_path / "broken.png").write_bytes(whole[: len(whole) // 2])
    first, second = reasons(path)
    assert first == f"the image `{tmp_path / 'absent.png'}` does not exist"
    assert second.startswith(f"the image `{tmp_path / 'broken.png'}` cannot be read")


@given(st.sampled_from([".json", ".toml", ".csv"]), st.text(max_size=200))
def test_no_text_crashes_the_parser(suffix: str, text: str) -> None:
    try:
        assert isinstance(parse_list(suffix, text, "list"), dict)
    except UserError as error:
        assert error.exit_code == 2


LABELS = ("happy", "sad", "surprise")


def test_labels_and_vectors_are_checked_against_the_model() -> None:
    def case(**wants: object) -> Case:
        return Case(id="x", image=Path("x.png"), where="list:cases.0", **wants)  # type: ignore[arg-type]

    check_against([case(label="happy"), case(scores=(0.1, 0.2, 0.7))], LABELS)
    with pytest.raises(UserError) as caught:
        check_against([case(label="Hapy"), case(label="zzz"), case(scores=(1.0,))], LABELS)
    assert [str(problem.params["reason"]) for problem in caught.value.problems] == [
        "the model has no label `Hapy`; did you mean `happy`?",
        "the model has no label `zzz`; it has `happy`, `sad`, `surprise`",
        "`scores` has 1 numbers, the model has 3 labels",
    ]


def test_an_image_is_turned_upright_and_loses_its_alpha(tmp_path: Path) -> None:
    pixels = np.array([[[255, 0, 0, 0], [0, 255, 0, 128]]], np.uint8)  # red, green, side by side; see-through
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    rgb = read_rgb(tmp_path / "a.png")
    assert rgb.tolist() == [[[255, 0, 0]], [[0, 255, 0]]]
    assert page_image(rgb) == {"width": 1, "height": 2, "rgba": "/wAA/wD/AP8="}


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_deep_images_are_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (2, 2)).save(tmp_path / "a.tiff")
    with pytest.raises(ImageRefused, match="only 8 bits a channel are read"):
        read_rgb(tmp_path / "a.tiff")


def test_huge_images_are_refused_undecoded(tmp_path: Path) -> None:
    Image.new("1", (20_000, 10_000)).save(tmp_path / "bomb.png")
    with pytest.raises(ImageRefused, match=r"is larger than|more than the 25000000"):
        read_rgb(tmp_path / "bomb.png")
