"""Options from flags and from `tfjs-for-unity.toml`, and which of them counts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.cli.generate import command
from builder.cli.sections import SectionOption
from builder.errors import BAD_OPTIONS_FILE, UserError
from builder.inputs.options import FILE, NAMES, Settings, Source, file_keys, find_options, flag_settings, read_options

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
WHOLE = """
model = "hands"
name = "HandSigns"
labels = "labels.csv"
into = "../MyGame"

[preprocess]
mean = [0.485, 0.456, 0.406]
std = 0.25
scale = "1/255"
channel-order = "bgr"
input-size = "320x240"
fit = "crop"
filter = "nearest"

[postprocess]
output = "scores"
softmax = true
skip-first = 1
top-k = 3
"""


def written(folder: Path, text: str) -> Path:
    path = folder / FILE
    path.write_text(text, "utf-8")
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    said = read_options(written(tmp_path, WHOLE)).said()
    assert said == {
        "model": tmp_path / "hands",
        "name": "HandSigns",
        "labels": tmp_path / "labels.csv",
        "into": tmp_path / "../MyGame",
        "mean": (0.485, 0.456, 0.406),
        "std": (0.25,),
        "scale": 1 / 255,
        "channel_order": "bgr",
        "input_size": (320, 240),
        "fit": "crop",
        "filter": "nearest",
        "output": "scores",
        "softmax": True,
        "skip_first": 1,
        "top_k": 3,
    }


def test_each_setting_knows_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE)
    sources = read_options(path).sources
    assert sources["name"] == Source(FILE, f"{path}: name")
    assert sources["skip_first"] == Source(FILE, f"{path}: postprocess.skip-first")


@pytest.mark.parametrize(
    ("toml", "flag", "value"),
    [
        ("input-size = 224", "224", (224, 224)),
        ('input-size = "320x240"', "320x240", (320, 240)),
        ("mean = 0.5", "0.5", (0.5,)),
        ("mean = [1, 2, 3]", "1,2,3", (1.0, 2.0, 3.0)),
        ('mean = ["1/2", 0.5]', " 1/2 , .5", (0.5, 0.5)),
        ("scale = 1", "1", 1.0),
        ('scale = "1/127.5"', "1/127.5", 1 / 127.5),
    ],
)
def test_file_and_flag_mean_the_same(tmp_path: Path, toml: str, flag: str, value: object) -> None:
    name = toml.partition(" ")[0].replace("-", "_")
    read = read_options(written(tmp_path, f"[preprocess]\n{toml}")).said()[name]
    assert (read, flag_settings({name: flag}).said()[name]) == (value, value)


def test_a_flag_wins_over_the_file_and_the_file_over_the_model() -> None:
    flags = flag_settings({"fit": "crop", "softmax": False, "top_k": None})
    file = Settings(fit="stretch", softmax=True, top_k=2, sources={"fit": Source("f", "f: fit")})
    model = Settings(normalize="signed", top_k=9, fit="letterbox")
    merged = flags.over(file).over(model)
    assert merged.said() == {"fit": "crop", "softmax": False, "top_k": 2, "normalize": "signed"}
    assert merged.sources["fit"] == Source("--fit", "--fit")


@pytest.mark.parametrize(
    ("higher", "lower", "left"),
    [
        ({"normalize": "unit"}, {"mean": (1.0,), "std": (2.0,), "scale": 3.0}, {"normalize": "unit"}),
        ({"scale": 3.0}, {"normalize": "unit"}, {"scale": 3.0}),
        ({"scale": 3.0}, {"mean": (1.0,), "scale": 4.0}, {"scale": 3.0, "mean": (1.0,)}),
        ({"out": Path("a")}, {"into": Path("b")}, {"out": Path("a")}),
    ],
)
def test_another_way_of_saying_the_same_is_hidden(
    higher: dict[str, object], lower: dict[str, object], left: dict[str, object]
) -> None:
    assert Settings(**higher).over(Settings(**lower)).said() == left  # type: ignore[arg-type]


def test_every_setting_has_a_key_in_the_file_and_a_flag() -> None:
    flags = {item.name for item in command.params if isinstance(item, SectionOption)}
    assert set(file_keys()) == set(NAMES)
    assert flags - {"config", "parity", "dry_run", "force", "as_json"} == set(NAMES) - {"model"}
    nothing = command.make_context("generate", []).params
    assert all(value in (None, False) for value in nothing.values())


def test_the_file_is_found_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "hands").mkdir()
    assert find_options(tmp_path / "hands") is None
    inner = written(tmp_path / "hands", "")
    assert find_options(tmp_path / "hands") == inner
    assert find_options(tmp_path / "hands" / "model.json") == inner
    assert find_options(tmp_path / "hands.zip") is None
    outer = written(tmp_path, "")
    assert find_options(tmp_path / "hands.zip") == outer


VALUES = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(['"x"', '"1/0"', '"224"', '""', '"\\u0000"']),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
KEYS = st.sampled_from(["name", "labels", "preprocess.mean", "preprocess.normalize", "preprocess.input-size", "x"])


@SAME_FOLDER
@given(lines=st.dictionaries(KEYS | st.sampled_from(sorted(file_keys().values())), VALUES, max_size=4))
def test_any_values_are_read_or_refused_with_their_place(tmp_path: Path, lines: dict[str, object]) -> None:
    shown = {
        key: str(value).replace("'", "").replace("True", "true").replace("False", "false")
        for key, value in lines.items()
    }
    path = written(tmp_path, "\n".join(f"{key} = {value}" for key, value in shown.items()))
    try:
        said = read_options(path).said()
    except UserError as error:
        assert all(found.kind is BAD_OPTIONS_FILE and found.where.startswith(str(path)) for found in error.problems)
    else:
        known = {key: name for name, key in file_keys().items()}
        assert set(said) == {known[key] for key in tomllib.loads(path.read_text("utf-8")) and lines}
