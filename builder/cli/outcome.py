"""What `generate`, `remove` and `upgrade` say about the files: what was done, and what an earlier run had left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from builder.harness.golden_file import NAME as GOLDEN
from builder.inputs.jsonfile import printable
from builder.render.streaming_assets import CONTRACT
from builder.writer import Action, Plan, Recovered, Recovery

if TYPE_CHECKING:
    from rich.console import RenderableType

_PATHS_SHOWN = 8


def recovered(recovery: Recovered) -> Iterator[str]:
    """What to say about an earlier run that did not end."""
    text = {
        Recovery.CLEANED: "An earlier run was interrupted before it changed anything; its leftovers are removed.",
        Recovery.UNDONE: "An earlier run was interrupted half-way; what it had begun is undone.",
        Recovery.FINISHED: "An earlier run was interrupted after it had made all its changes; they are in place.",
    }.get(recovery.found)
    if text:
        yield text
    yield from _named(recovery.edited, "Edited by you since that run, so left as it is")


def _named(paths: Sequence[PurePosixPath], text: str) -> Iterator[str]:
    yield from (f"{text}: {path}" for path in paths[:_PATHS_SHOWN])
    if len(paths) > _PATHS_SHOWN:
        yield f"… and {len(paths) - _PATHS_SHOWN} more"


def _edited(plan: Plan, *, dry_run: bool) -> Iterator[str]:
    yield from _named(plan.edited(Action.LEAVE), "Not needed any more, but edited by you, so left in place")
    by_force = "to be {} by --force" if dry_run else "{} by --force"
    yield from _named(plan.edited(Action.UPDATE), f"Edited by you, {by_force.format('overwritten')}")
    yield from _named(plan.edited(Action.REMOVE), f"Edited by you, {by_force.format('removed')}")


def _counts(plan: Plan) -> str:
    words = {Action.CREATE: "new", Action.UPDATE: "updated", Action.REMOVE: "removed", Action.KEEP: "unchanged"}
    counted = {word: len(plan.paths(action)) for action, word in words.items()}
    return ", ".join(f"{count} {word}" for word, count in counted.items() if count) or "no files"


def _size(content: bytes | Path | None) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size if content else 0


def _places(plan: Plan) -> Iterator[str]:
    """Files and bytes in each of the folders that are written into; none where nothing but manifests is."""
    files, sizes = Counter[str](), Counter[str]()
    for change in plan.changes if plan.writes else ():
        if change.content is not None:
            depth = 2 if change.path.parts[0] == "Packages" else 3
            place = "/".join(change.path.parts[:depth]).removesuffix(".meta")
            files[place] += 1
            sizes[place] += _size(change.content)
    width = max(map(len, files), default=0)
    return (f"  {place:<{width}}  {files[place]:>4} files  {sizes[place]:>12,} bytes" for place in sorted(files))


def _upgraded(names: Sequence[str], *, dry_run: bool) -> Iterator[str]:
    if names:
        shown = ", ".join(map(printable, names))
        yield f"Made for another runtime, so {'to be written' if dry_run else 'written'} anew with it: {shown}"


def _stale_golden(plan: Plan, *, dry_run: bool) -> Iterator[str]:
    """Golden vectors that go while their models stay."""
    staying = (change.path for change in plan.changes if change.content is not None)
    kept = {path.parent for path in staying if path.name == CONTRACT}
    gone = [path for path in plan.paths(Action.REMOVE) if path.name == GOLDEN and path.parent in kept]
    does = "to be removed" if dry_run else "removed"
    yield from _named(gone, f"Made for an older contract, so {does}; `verify --update-golden` makes a new one")


def outcome(plan: Plan, upgraded: Sequence[str] = (), *, dry_run: bool = False) -> RenderableType:
    """What was done, in a few lines, or would be done."""
    from rich.text import Text

    done = "Nothing was changed; this would be" if dry_run else "Done"
    first = f"{done}: {_counts(plan)}." if plan.steps else f"Nothing to do: {_counts(plan)}."
    more = [
        *_places(plan),
        *_upgraded(upgraded, dry_run=dry_run),
        *_stale_golden(plan, dry_run=dry_run),
        *_edited(plan, dry_run=dry_run),
    ]
    return Text("\n".join([first, *more]))
