"""The locked lists of packages, and what the command line says of the environments."""

from __future__ import annotations

import re

import pytest

from builder import resources
from builder.cli.toolchain import NAMES
from builder.convert.from_tensorflow.environments import ENVIRONMENTS, Environment, environments_for
from builder.convert.from_tensorflow.kinds import SourceKind

EACH = pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
HASH = r"    --hash=sha256:[0-9a-f]{64}"


@EACH
def test_every_package_has_a_version_and_hashes_and_nothing_else_is_said(environment: Environment) -> None:
    text = environment.requirements.read_text("utf-8")
    entry = rf"[\w.-]+==[\w.]+( ; [^\\\n]+)? \\\n({HASH} \\\n)*{HASH}\n"
    assert re.fullmatch(f"({entry})+", text)
    assert "/" not in text  # neither an index nor any other host


@EACH
def test_what_is_asked_for_is_what_is_locked(environment: Environment) -> None:
    text = environment.requirements.read_text("utf-8")
    asked = (resources.toolchain() / "requirements" / f"{environment.name}.in").read_text("utf-8")
    pins = re.findall(r"^([\w-]+==[\w.]+)", asked, re.MULTILINE)
    assert len(pins) > 3
    assert [pin for pin in pins if f"{pin} " not in text] == []


def test_the_command_line_knows_the_environments() -> None:
    assert tuple(ENVIRONMENTS) == NAMES
    assert {kind for kind in SourceKind if not environments_for(kind)} == set()
