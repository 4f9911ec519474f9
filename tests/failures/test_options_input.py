"""Options that cannot be used, from flags and from `tfjs-for-unity.toml`, and the exact words about each."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import UserError
from builder.inputs import options
from builder.inputs.options import FILE, flag_settings, read_options
from tests.failures.conftest import Run, error_lines


def refused(path: Path) -> list[tuple[str, str]]:
    """(key, reason) of every problem."""
    with pytest.raises(UserError) as caught:
        read_options(path)
    assert caught.value.exit_code == 2
    start = "The options file cannot be used: "
    return [(found.where.removeprefix(f"{path}"), found.what.removeprefix(start)) for found in caught.value.problems]


NOT_SIZE = "it is not a size in pixels such as 224 or 320x240 (width x height)."
NOT_NUMBER = "it is not a number such as 0.5 or 1/255."


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("[preprocess]\nnormalise = 'unit'", ": preprocess.normalise", "unknown (did you mean normalize?)."),
        ("[preprocess]\nchannel_order = 'bgr'", ": preprocess.channel_order", "unknown (did you mean channel-order?)."),
        ("[postprocess]\ntopk = 1", ": postprocess.topk", "unknown (did you mean top-k?)."),
        ("normalize = 'unit'", ": normalize", "unknown (did you mean preprocess.normalize?)."),
        ("[preproces]\nfit = 'crop'", ": preproces", "unknown (did you mean preprocess?)."),
        ("label = 'a'", ": label", "unknown (did you mean labels?)."),
        (
            "[postprocess]\nzzz = 1",
            ": postprocess.zzz",
            "unknown; known are output, softmax, skip-first, top-k, "
            "activation, threshold, result, mask-class, result-size, output-range, tile-margin.",
        ),
        ('out = "a\\u0000b"', ": out", "it holds a control character."),
        ('labels = "\\u001b[31m"', ": labels", "it holds a control character."),
        ("name = 3", ": name", "input should be a valid string."),
        ("preprocess = 3", ": preprocess", "input should be an object."),
        ("[postprocess]\nsoftmax = 1", ": postprocess.softmax", "input should be a valid boolean."),
        ("[postprocess]\ntop-k = '3'", ": postprocess.top-k", "input should be a valid integer."),
        ("[postprocess]\nskip-first = true", ": postprocess.skip-first", "input should be a valid integer."),
        ("[preprocess]\ninput-size = '224x'", ": preprocess.input-size", NOT_SIZE),
        ("[preprocess]\ninput-size = -1", ": preprocess.input-size", NOT_SIZE),
        ("[preprocess]\ninput-size = true", ": preprocess.input-size", NOT_SIZE),
        ("[preprocess]\nmean = ['x']", ": preprocess.mean", NOT_NUMBER),
        ("[preprocess]\nmean = [true]", ": preprocess.mean.0", "input should be a valid number."),
        ("[preprocess]\nmean = []", ": preprocess.mean", NOT_NUMBER),
        ("[preprocess]\nscale = inf", ": preprocess.scale", "input should be a finite number."),
        ("[preprocess]\nscale = '1/0'", ": preprocess.scale", NOT_NUMBER),
        ("name = 'a'\nname = 'b'", "", "Cannot overwrite a value (at end of document)."),
        ("name = \nfit = 1", "", "Invalid value (at line 1, column 8)."),
        ("a = " + "[" * 100_000, "", "it is nested too deeply."),
    ],
)
def test_a_bad_options_file_is_explained(tmp_path: Path, text: str, key: str, reason: str) -> None:
    path = tmp_path / FILE
    path.write_text(text, "utf-8")
    assert refused(path) == [(key, reason)]


def test_all_problems_of_the_file_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text("nam = 'a'\n[preprocess]\nfit = 1\nfliter = 'x'", "utf-8")
    assert sorted(key for key, _ in refused(path)) == [": nam", ": preprocess.fit", ": preprocess.fliter"]


def test_what_is_no_text_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / FILE
    assert refused(path) == [("", "there is no such file.")]
    path.write_bytes(b"\xff\xfe")
    assert refused(path) == [("", "it is not UTF-8 text (byte 0).")]
    monkeypatch.setattr(options, "MAX_OPTIONS_BYTES", 1)
    assert refused(path) == [("", "This file has 2 bytes, more than the 1 that are read.")]


def test_all_bad_flags_come_at_once() -> None:
    with pytest.raises(UserError) as caught:
        flag_settings({"mean": "0.5,a", "scale": "nan", "input_size": "big", "std": "1"})
    assert [found.what for found in caught.value.problems] == [
        f"--mean cannot be '0.5,a': {NOT_NUMBER}",
        f"--scale cannot be 'nan': {NOT_NUMBER}",
        f"--input-size cannot be 'big': {NOT_SIZE}",
    ]


def untouched(project: Path) -> bool:
    return not list((project / "Assets").iterdir()) and not (project / "Packages").exists()


def test_the_command_names_file_and_key(run: Run, model: Path, project: Path) -> None:
    (model / FILE).write_text("[preprocess]\nnormalise = 'unit'", "utf-8")
    outcome = run(model, "--into", project, "--mean", "x")
    assert outcome.code == 2
    assert error_lines(outcome) == [
        f"error 305 BAD_OPTION: --mean cannot be 'x': {NOT_NUMBER}",
        "  where: --mean",
        "error 306 BAD_OPTIONS_FILE: The options file cannot be used: unknown (did you mean normalize?).",
        f"  where: {model / FILE}: preprocess.normalise",
    ]
    assert untouched(project)


def test_a_value_of_the_file_that_does_not_fit_the_model_is_one_of_the_file(
    run: Run, model: Path, project: Path
) -> None:
    (model / FILE).write_text("labels = 'labels.txt'\n[preprocess]\nnormalize = 'unit'\nfit = 'crob'", "utf-8")
    outcome = run(model, "--into", project)
    assert outcome.code == 2
    assert error_lines(outcome) == [
        "error 305 BAD_OPTION: --fit cannot be 'crob': it is one of stretch, crop, letterbox; the nearest is crop.",
        f"  where: {model / FILE}: preprocess.fit",
    ]
    assert untouched(project)


def test_without_a_model_the_options_file_is_needed(run: Run) -> None:
    outcome = run("--out", "a")
    assert outcome.code == 2
    assert "Give MODEL, or --config FILE." in outcome.err
