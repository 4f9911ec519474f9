"""What `tfjs-for-unity generate` does, apart from its flags: read, resolve, plan, apply, and say so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from builder.cli.answers import problems_as_json
from builder.cli.checking import Checking, How
from builder.cli.console import stderr
from builder.cli.explain import next_steps, understood
from builder.cli.flags import WriteFlags
from builder.cli.gathering import Gathered, gathered
from builder.cli.golden import keep_golden
from builder.cli.payload import Payload, payload
from builder.cli.reinstall import deleted, installed_needs, joint_runtime, outdated, reinstall_all, spec_needs
from builder.cli.writing import Wish, carry_out, report
from builder.joining import Runtime
from builder.render.tree import render
from builder.resolve import Options
from builder.writer import Install, Request, installed


def generate(
    model: Path | None, config: Path | None, given: Mapping[str, Any], flags: WriteFlags, parity: How = "browser"
) -> None:
    """Writes the plug-in for a model into a Unity project or a folder; `given` are the flags by field. A model of
    another framework is converted first, with that parity."""
    with problems_as_json(flags.as_json), gathered(model, config, given, Checking(how=parity)) as found:
        with payload(found.facts, found.spec) as parts:
            remarks = (*found.remarks, *parts.remarks)
            _generate(replace(found, spec=parts.spec, remarks=remarks), parts, flags)


def _generate(found: Gathered, parts: Payload, flags: WriteFlags) -> None:
    target, spec = found.target, found.spec
    stderr().print(understood(found))
    done = carry_out(target.folder, lambda: _wish(found, parts, flags), flags)
    report("generate", done, flags)
    if not (flags.as_json or flags.dry_run):
        click.echo(next_steps(spec, project=target.unity is not None))


def _recorded(found: Gathered) -> dict[str, str]:
    """What the manifests say about the inputs: no folder of this machine outside the project gets into them."""
    names = [item.name for item in fields(Options) if item.name not in ("name", "anchor_layers")]
    said = {name: _text(getattr(found.options, name)) for name in names}
    said["anchors"] = Path(said["anchors"]).name
    target, labels = found.target.folder, found.settings.labels
    if found.options.output_range:
        said["output_range"] = "{:g}..{:g}".format(*found.options.output_range)
    said["engine"] = found.settings.engine or ""
    said |= {"model": _relative(found.model, target), "labels": _relative(labels, target) if labels else ""}
    return {key: value for key, value in said.items() if value}


def _text(value: object) -> str:
    """An option as its flag would take it; nothing for what is not asked for."""
    if isinstance(value, tuple):
        return ("x" if all(isinstance(item, int) for item in value) else ",").join(map(str, value))
    return str(value).lower() if value is True else str(value or "")


def _relative(path: Path, target: Path) -> str:
    """The path inside `target`, or only the name of what lies outside."""
    full, home = Path(os.path.abspath(path)), Path(os.path.abspath(target))  # noqa: PTH100
    return full.relative_to(home).as_posix() if full.is_relative_to(home) else full.name


def _install(found: Gathered, parts: Payload, runtime: Runtime) -> Install:
    files = render(parts.spec, parts.folder, runtime, parts.topology)
    return Install(found.spec.name, tuple(files), _recorded(found))


def _wish(gathered: Gathered, parts: Payload, flags: WriteFlags) -> Wish:
    """The model, and with it those that need another runtime now: all of a project share one, of one version."""
    found = installed(gathered.target.folder)
    dead = deleted(found)
    gone = {*dead, gathered.spec.name}
    runtime = joint_runtime(
        [spec_needs(parts.spec, parts.text), *installed_needs(found, (m for m in found.models if m not in gone))]
    )
    install = _install(gathered, parts, runtime)
    others = [name for name in outdated(found, runtime) if name not in gone]
    installs = [keep_golden(found, each) for each in (install, *reinstall_all(found, others, runtime))]
    request = Request(installs=tuple(installs), drop=frozenset(dead) - {install.model}, force=flags.force)
    return Wish(request=request, models=(install.model,), upgraded=tuple(others))
