"""What `remove` and `upgrade` do with the models of a project."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import click

from builder.cli.answers import problems_as_json
from builder.cli.flags import WriteFlags
from builder.cli.golden import keep_golden
from builder.cli.reinstall import (
    contract_path,
    deleted,
    installed_needs,
    joint_runtime,
    outdated,
    project_runtime,
    reinstall_all,
    stale,
)
from builder.cli.writing import Wish, carry_out, check_place, report
from builder.errors import NO_SUCH_MODEL, UserError, fail
from builder.inputs.jsonfile import printable
from builder.writer import Install, Installation, Request, installed


def remove(name: str, project: Path, flags: WriteFlags) -> None:
    """Removes a model by the name of its class or of its folder; raises NO_SUCH_MODEL."""

    def find_wish() -> Wish:
        found = installed(project)
        model = _model(found, name)
        installs = _joined_without(found, model)
        request = Request(installs=tuple(installs), drop=frozenset({model}), force=flags.force)
        return Wish(request=request, models=(model,))

    with problems_as_json(flags.as_json):
        check_place(project)
        report("remove", carry_out(project, find_wish, flags), flags)


def _joined_without(found: Installation, model: str) -> list[Install]:
    """The other models for the runtime that they share without `model`; those that were of another version stay so."""
    passed_over = {model, *deleted(found), *stale(found)}
    staying = [name for name in found.models if name not in passed_over]
    runtime = joint_runtime(installed_needs(found, [name for name in found.models if name != model]))
    changed = [name for name in outdated(found, runtime) if name in staying]
    try:
        return [keep_golden(found, install) for install in reinstall_all(found, changed, runtime)]
    except UserError:  # a damaged model keeps nobody from removing another
        return []


def _model(found: Installation, name: str) -> str:
    for model in found.models:
        path = contract_path(found, model)
        if name == model or (path and name == path.parent.name):
            return model
    raise _no_such_model(found, name)


def _no_such_model(found: Installation, name: str) -> UserError:
    near = get_close_matches(name, found.models, n=1, cutoff=0.5)
    shown = ", ".join(map(printable, found.models)) or "none"
    hint = f" (the nearest is {printable(near[0])})" if near else ""
    return fail(NO_SUCH_MODEL, found.target, name=repr(printable(name)), installed=shown + hint)


def upgrade(project: Path, flags: WriteFlags) -> None:
    """Renders every installed model anew; raises DAMAGED_MODEL where that cannot be done."""

    def find_wish() -> Wish:
        found = installed(project)
        gone = deleted(found)
        models = [name for name in found.models if name not in gone]
        runtime = project_runtime(found)
        installs = [keep_golden(found, install) for install in reinstall_all(found, models, runtime)]
        return Wish(
            request=Request(installs=tuple(installs), drop=frozenset(gone), force=flags.force), models=tuple(models)
        )

    with problems_as_json(flags.as_json):
        check_place(project)
        done = carry_out(project, find_wish, flags)
        if not done.wish.models:
            click.echo("No models are installed.", err=True)
        report("upgrade", done, flags)
