"""What `tfjs-for-unity generate` does, apart from its flags: read, resolve, plan, apply, and say so."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from builder import resources
from builder.cli.console import stderr
from builder.cli.explain import next_steps, outcome, outdated, recovered, understood
from builder.errors import BAD_LABELS, NOT_A_PROJECT, Problem, UserError, fail
from builder.inputs.facts import ModelFacts
from builder.inputs.labels import read_labels
from builder.inputs.tfjs_model import read_model
from builder.render.tree import render
from builder.resolve import Options, resolve
from builder.spec import ModelSpec, RuntimeFiles
from builder.writer import Plan, apply, make_plan, recover

T = TypeVar("T")
# Below this a copy is done before anybody could read a progress bar.
_LONG_COPY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the tree goes. `unity` is the project's version of the editor; None for a plain folder."""

    folder: Path
    unity: str | None = None


def generate(
    model: Path, *, labels: Path | None, into: Path | None, out: Path | None, options: Mapping[str, Any]
) -> None:
    """Writes the plug-in for `model` into a Unity project or a folder; `options` are those of `Options` by name."""
    if (into is None) == (out is None):
        message = "Give either --into UNITY_PROJECT or --out FOLDER."
        raise click.UsageError(message)
    chosen = Options(**options)
    target, facts, spec = _inputs(model, labels, into, out, chosen)
    console = stderr()
    console.print(understood(spec, target.folder, target.unity))
    if note := recovered(recover(target.folder)):
        console.print(note)
    runtime = resources.runtime_files(resources.runtime())
    plan = _plan(spec, facts, runtime, target, _recorded(model, labels, target.folder, chosen))
    _apply(plan)
    console.print(outcome(plan))
    if note := outdated(spec, target.folder, runtime.script.path):
        console.print(note, markup=False)
    click.echo(next_steps(spec, project=target.unity is not None))


def _inputs(
    model: Path, labels: Path | None, into: Path | None, out: Path | None, options: Options
) -> tuple[Target, ModelFacts, ModelSpec]:
    """Everything that is read; all problems with it at once."""
    problems: list[Problem] = []
    target = _attempt(lambda: _target(into, out), problems)
    facts = _attempt(lambda: read_model(model), problems)
    texts = _attempt(lambda: _labels(labels, facts), problems)
    spec = None
    if facts:
        usable = texts or _placeholders(facts)
        spec = _attempt(lambda: resolve(facts, usable, options), problems)
    if problems:
        raise UserError(problems)
    assert target and facts and spec
    return target, facts, spec


def _attempt(read: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        return read()
    except UserError as error:
        problems += error.problems
        return None


def _labels(file: Path | None, facts: ModelFacts | None) -> tuple[str, ...]:
    """The labels of the file, or those that the model carries; () where the model could not be read."""
    if file is not None:
        return read_labels(file)
    if facts is not None and not facts.labels:
        raise fail(BAD_LABELS, facts.json_path, reason="--labels is not given, and the model carries none")
    return (facts.labels if facts else None) or ()


def _placeholders(facts: ModelFacts) -> tuple[str, ...]:
    """Stand in for labels that are missing or bad, so that the other problems are found too; never rendered."""
    shape = facts.outputs[0].shape if facts.outputs else None
    return tuple(str(number) for number in range(max(shape[-1], 1) if shape else 1))


def _target(into: Path | None, out: Path | None) -> Target:
    if into is None:
        assert out is not None
        return Target(folder=out)
    version = into / "ProjectSettings" / "ProjectVersion.txt"
    for found, missing in (
        ((into / "Assets").is_dir(), "Assets"),
        (version.is_file(), f"{version.parent.name}/{version.name}"),
    ):
        if not found:
            raise fail(NOT_A_PROJECT, into, missing=missing)
    return Target(folder=into, unity=_unity_version(version))


def _unity_version(file: Path) -> str:
    """The editor's version, such as 2021.3.16f1."""
    found = re.search(r"^m_EditorVersion:[ \t]*(\S+)", file.read_text("utf-8", errors="replace"), re.MULTILINE)
    return found[1] if found else "of unknown version"


def _recorded(model: Path, labels: Path | None, target: Path, options: Options) -> dict[str, str]:
    """What the manifests say about the inputs: no folder of this machine outside the project gets into them."""
    said = {
        "fit": options.fit,
        "filter": options.filter,
        "normalize": options.normalize or "",
        "top_k": str(options.top_k or ""),
        "model": _relative(model, target),
        "labels": _relative(labels, target) if labels else "",
    }
    return {key: value for key, value in said.items() if value}


def _relative(path: Path, target: Path) -> str:
    """The path inside `target`, or only the name of what lies outside."""
    full, home = Path(os.path.abspath(path)), Path(os.path.abspath(target))  # noqa: PTH100
    return full.relative_to(home).as_posix() if full.is_relative_to(home) else full.name


def _plan(spec: ModelSpec, facts: ModelFacts, runtime: RuntimeFiles, target: Target, inputs: dict[str, str]) -> Plan:
    files = render(spec, facts.folder, runtime, resources.runtime())
    return make_plan(files, target.folder, model=spec.name, inputs=inputs)


def _copy_bytes(plan: Plan) -> int:
    return sum(change.content.stat().st_size for change in plan.steps if isinstance(change.content, Path))


def _apply(plan: Plan) -> None:
    """With a progress bar where there is a terminal and much to copy."""
    console, total = stderr(), _copy_bytes(plan)
    if total < _LONG_COPY_BYTES or not console.is_terminal:
        apply(plan)
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Copying", total=total)
        apply(plan, lambda count: bar.advance(task, count))
