"""docs/convert.md against the command itself."""

from __future__ import annotations

import re
from pathlib import Path

import click

from builder.cli.convert import command
from builder.convert.parity import AGREEMENT, TOLERANCE

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "convert.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_every_flag_is_in_the_table_and_no_other() -> None:
    documented = [name for row in rows("Options") for name in re.findall(r"`([^`]+)`", row[0])]
    context, expected = click.Context(command), []
    for option in command.params:
        if isinstance(option, click.Option):
            metavar = "" if option.is_flag else f" {option.make_metavar(context)}"
            expected += [name + metavar for name in option.opts]
    assert sorted(name.replace("\\|", "|") for name in documented) == sorted(expected)


def test_tolerances_are_those_of_the_table() -> None:
    for weights, tolerance, best in rows("Parity"):
        for kind in weights.split(", "):
            assert f"{TOLERANCE[kind]:.0e}".replace("e-0", "e-") in tolerance  # type: ignore[index]
            share = 1.0 if best == "in all inputs" else float(re.findall(r"\d+", best)[0]) / 100
            assert AGREEMENT[kind] == share  # type: ignore[index]


def test_every_error_is_where_the_link_says() -> None:
    headings = re.findall(r"^## (\d+) (\w+)$", (DOCS / "errors.md").read_text("utf-8"), re.MULTILINE)
    anchors = {f"{code}-{name.lower()}" for code, name in headings}
    assert set(re.findall(r"errors\.md#([\w-]+)", TEXT)) <= anchors
