"""From a request to changed files and a report of them: the same for `generate`, `remove` and `upgrade`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from builder.cli.answers import print_json
from builder.cli.console import stderr
from builder.cli.flags import WriteFlags
from builder.cli.outcome import outcome, recovered
from builder.cli.project import missing_part
from builder.errors import NOT_A_PROJECT, fail
from builder.writer import (
    Action,
    Plan,
    Recovered,
    Recovery,
    Request,
    apply,
    check_finished,
    installed,
    is_unfinished,
    make_plan,
    opened,
)

# Below this a copy is done before anybody could read a progress bar.
_LONG_COPY_BYTES = 64 * 1024 * 1024
_WORDS = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REMOVE: "removed",
    Action.KEEP: "unchanged",
    Action.LEAVE: "left",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a command wants, found out once the project is locked; `upgraded` are models that are renewed with it."""

    request: Request
    models: tuple[str, ...]
    upgraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command did, or with --dry-run would do."""

    wish: Wish
    plan: Plan
    recovered: Recovered
    dry_run: bool


def check_place(folder: Path) -> None:
    """Raises NOT_A_PROJECT unless this is a Unity project, or a folder that `generate --out` wrote or began."""
    missing = missing_part(folder)
    if missing and not (is_unfinished(folder) or installed(folder).manifests):
        raise fail(NOT_A_PROJECT, folder, missing=missing)


def carry_out(target: Path, find_wish: Callable[[], Wish], flags: WriteFlags) -> Done:
    """Plans and, unless it is a dry run, writes; says on stderr what an interrupted run had left."""
    if flags.dry_run:
        check_finished(target)
        wish = find_wish()
        plan, found = make_plan(wish.request, target), Recovered(Recovery.NOTHING)
    else:
        with opened(target) as found:
            _tell(found)
            wish = find_wish()
            plan = make_plan(wish.request, target)
            _apply(plan)
    return Done(wish=wish, plan=plan, recovered=found, dry_run=flags.dry_run)


def _tell(found: Recovered) -> None:
    for line in recovered(found):
        click.echo(line, err=True)


def _copy_bytes(plan: Plan) -> int:
    return sum(change.content.stat().st_size for change in plan.steps if isinstance(change.content, Path))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar where there is a terminal and much to copy."""
    console = stderr()
    if total < _LONG_COPY_BYTES or not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Copying", total=total)
        yield lambda count: bar.advance(task, count)


def _apply(plan: Plan) -> None:
    with _progress(_copy_bytes(plan)) as progress:
        apply(plan, progress)


def listing(plan: Plan) -> str:
    """For --dry-run: one line per file, `create  Packages/…`, sorted by path; the same words as in the JSON's keys."""
    lines = sorted((str(path), action) for action in Action for path in plan.paths(action))
    return "\n".join(f"{action.value:<6}  {path}" for path, action in lines)


def document(command: str, done: Done) -> dict[str, Any]:
    """The object that --json prints."""
    paths = {word: sorted(map(str, done.plan.paths(action))) for action, word in _WORDS.items()}
    return {
        "command": command,
        "project": str(done.plan.target),
        "dryRun": done.dry_run,
        "models": list(done.wish.models),
        "upgraded": list(done.wish.upgraded),
        **paths,
        "edited": sorted(map(str, done.plan.edited(*Action))),
        "interrupted": done.recovered.found.value,
    }


def report(command: str, done: Done, flags: WriteFlags) -> None:
    """The answer on stdout, if there is one, and a summary on stderr."""
    stderr().print(outcome(done.plan, done.wish.upgraded, dry_run=done.dry_run))
    if flags.as_json:
        print_json(document(command, done))
    elif flags.dry_run:
        click.echo(listing(done.plan))
