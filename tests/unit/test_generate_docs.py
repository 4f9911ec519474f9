"""docs/generate.md against the command itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest

from builder.cli.generate import command
from builder.inputs.labels import read_labels
from builder.inputs.options import file_keys, flag, read_options
from builder.spec import NORMALIZATIONS

TEXT = (Path(__file__).parents[2] / "docs" / "generate.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_every_flag_is_in_the_table_with_its_values_and_no_other() -> None:
    documented = [name for row in rows("Options") for name in re.findall(r"`([^`]+)`", row[0])]
    context = click.Context(command)
    expected = []
    for option in command.params:
        if isinstance(option, click.Option):
            metavar = f" {option.make_metavar(context)}" if not option.is_flag else ""
            expected += [name + metavar for name in (*option.opts, *option.secondary_opts)]
    assert sorted(name.replace("\\|", "|") for name in documented) == sorted(expected)


def test_every_key_of_the_file_is_in_the_table_beside_its_flag() -> None:
    documented = {row[1].strip("`"): row[0] for row in rows("Options") if row[1]}
    keys = {key: name for name, key in file_keys().items() if name != "model"}
    assert documented.keys() == keys.keys()
    assert all(flag(name) in documented[key] for key, name in keys.items())


def test_the_example_of_an_options_file_is_one(tmp_path: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "example.toml").write_text(example[0], "utf-8")
    assert read_options(tmp_path / "example.toml").said()["top_k"] == tomllib.loads(example[0])["postprocess"]["top-k"]


def test_the_presets_are_those_of_the_table() -> None:
    documented = {row[0].strip("`"): row[1:5] for row in rows("Normalization") if row[0].startswith("`")}
    assert documented.keys() == NORMALIZATIONS.keys()
    for name, (scale, mean, std) in NORMALIZATIONS.items():
        factor, means, stds, reach = documented[name]
        divisor = float(factor.removeprefix("1/")) if "/" in factor else 1 / float(factor)
        assert scale == pytest.approx(1 / divisor)
        assert [float(text) for text in means.split(",")] == list(mean[: means.count(",") + 1])
        assert [float(text) for text in stds.split(",")] == list(std[: stds.count(",") + 1])
        low, high = (float(text) for text in reach.split(".."))
        assert min(-m / s for m, s in zip(mean, std, strict=True)) == pytest.approx(low, abs=0.01)
        assert max((255 * scale - m) / s for m, s in zip(mean, std, strict=True)) == pytest.approx(high, abs=0.01)


def test_the_forms_of_labels_in_the_table_are_read(tmp_path: Path) -> None:
    forms = re.findall(r'`([\[{]"[^`]*)`', rows("Labels")[0][1])
    assert len(forms) == 2
    for form in forms:
        (tmp_path / "labels.json").write_text(form, "utf-8")
        assert read_labels(tmp_path / "labels.json") == ("cat", "dog")


def test_the_readme_links_here() -> None:
    assert "(docs/generate.md)" in (Path(__file__).parents[2] / "README.md").read_text("utf-8")
