"""A project's runtime is what its models need together, whatever their order, and less once one of them goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import resources
from tests.commands import SERVED, Shell
from tests.models import Form, tiny_model

REAL = resources.runtime


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The commands with the runtime that was really built."""
    made = Shell(tmp_path, monkeypatch, capsys)
    monkeypatch.setattr(resources, "runtime", REAL)
    return made


def add(shell: Shell, name: str, form: str, target: Path) -> None:
    """A graph, or layers that cannot become one."""
    folder = shell.folder / form
    if not folder.exists():
        tiny_model(folder, format="graph") if form == "graph" else tiny_model(folder, form=Form(planar=True))
    labels = shell.model / "labels.txt"
    done = shell("generate", folder, "--labels", labels, "--normalize", "unit", "--name", name, "--out", target)
    assert done.code == 0, done.err


def scripts(target: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (target / SERVED / "runtime").glob("*.js")}


def test_a_graph_gets_its_own_kernels_and_no_converter(shell: Shell) -> None:
    add(shell, "Graph", "graph", shell.folder / "one")
    found = scripts(shell.folder / "one")
    sizes = sorted(len(content) for content in found.values())
    pieces = resources.pieces(REAL())
    assert len(found) == 2 and sizes[1] < 450_000 and sizes[0] < 60_000 < sum(map(len, pieces.texts)) / 10


def test_order_does_not_matter(shell: Shell) -> None:
    for target, order in (("one", ("Graph", "Layers")), ("other", ("Layers", "Graph"))):
        for name in order:
            add(shell, name, name.lower(), shell.folder / target)
    one, other = (scripts(shell.folder / target) for target in ("one", "other"))
    assert len(one) == 2 and one == other


def test_a_model_that_goes_takes_its_needs_along(shell: Shell) -> None:
    target = shell.folder / "one"
    add(shell, "Graph", "graph", target)
    alone = scripts(target)
    add(shell, "Layers", "layers", target)
    assert not scripts(target).keys() & alone.keys()
    assert shell("list", target, "--json").json["models"][0]["state"] == "ok"
    removed = shell("remove", "Layers", "--from", target, "--json")
    assert removed.code == 0 and scripts(target) == alone
    (left,) = shell("list", target, "--json").json["models"]
    assert (left["name"], left["state"]) == ("Graph", "ok")


def test_upgrade_changes_nothing_where_nothing_changed(shell: Shell) -> None:
    target = shell.folder / "one"
    for name in ("Graph", "Layers"):
        add(shell, name, name.lower(), target)
    told = shell("upgrade", target, "--json").json
    assert told["created"] == told["updated"] == told["removed"] == []
