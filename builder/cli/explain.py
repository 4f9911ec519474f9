"""What `generate` says: how it understood the model, what it did, and what to do next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from builder.inputs.jsonfile import printable
from builder.render.example import example
from builder.render.streaming_assets import CONTRACT, ROOT
from builder.render.upm import MINIMUM_UNITY
from builder.spec import ModelSpec, Preprocess
from builder.writer import Action, Plan, Recovery

if TYPE_CHECKING:
    from rich.console import RenderableType

_LABELS_SHOWN = 6
_PATHS_SHOWN = 8


def _number(value: float) -> str:
    return f"{value:.6g}"


def _per_channel(values: Sequence[float]) -> str:
    """`0.5` if all channels are alike, else `(0.485, 0.456, 0.406)`."""
    texts = [_number(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else f"({', '.join(texts)})"


def normalization(pre: Preprocess) -> str:
    """The normalization as a formula, and the range that it leads to."""
    text = "value" if pre.scale == 1 else f"value / {_number(1 / pre.scale)}"
    if any(pre.mean):
        text += f" - {_per_channel(pre.mean)}"
    if any(std != 1 for std in pre.std):
        text = f"({text}) / {_per_channel(pre.std)}" if any(pre.mean) else f"{text} / {_per_channel(pre.std)}"
    low = min((0 - mean) / std for mean, std in zip(pre.mean, pre.std, strict=True))
    high = max((255 * pre.scale - mean) / std for mean, std in zip(pre.mean, pre.std, strict=True))
    return f"{text}, so 0..255 becomes {low:.3g}..{high:.3g}"


def _labels(spec: ModelSpec) -> str:
    shown = ", ".join(printable(label, 40) for label in spec.labels[:_LABELS_SHOWN])
    return f"{len(spec.labels)}: {shown}{', …' if len(spec.labels) > _LABELS_SHOWN else ''}"


def _reported(spec: ModelSpec) -> str:
    k = spec.postprocess.top_k
    return (
        "all classes, best first" if k == len(spec.labels) else f"the {k} best classes" if k > 1 else "the best class"
    )


def _files(spec: ModelSpec) -> str:
    shards = spec.files.shards
    size = sum(file.bytes for file in (spec.files.topology, *shards))
    weights = f"{len(shards)} weight file{'s' if len(shards) != 1 else ''}"
    return f"{spec.files.format}, {spec.files.topology.path} and {weights}, {size:,} bytes"


def _rows(spec: ModelSpec, folder: Path, unity: str | None) -> Iterator[tuple[str, str]]:
    pre = spec.preprocess
    yield "model", f"{spec.name} ({_files(spec)})"
    yield "input", f"{pre.width}x{pre.height} {'RGB' if pre.color == 'rgb' else 'gray'}"
    yield "resizing", f"{pre.fit}, {pre.filter}"
    yield "normalization", normalization(pre)
    yield "classes", _labels(spec)
    yield "reported", _reported(spec)
    yield "written into", f"{folder}" + (f" (Unity {printable(unity, 40)})" if unity else "")
    if unity and _too_old(unity):
        yield "careful", f"the packages are made for Unity {MINIMUM_UNITY} and newer"


def _too_old(unity: str) -> bool:
    numbers = re.match(r"(\d+)\.(\d+)", unity)
    oldest = tuple(map(int, MINIMUM_UNITY.split(".")))
    return bool(numbers) and numbers is not None and (int(numbers[1]), int(numbers[2])) < oldest


def understood(spec: ModelSpec, folder: Path, unity: str | None) -> RenderableType:
    """The resolved options, one on each line."""
    from rich.text import Text

    lines = (((f"{name:<15}", "bold"), f"{value}\n") for name, value in _rows(spec, folder, unity))
    return Text.assemble(*(part for line in lines for part in line), end="")


def recovered(found: Recovery) -> str | None:
    """What to say about an earlier run that did not end."""
    return {
        Recovery.NOTHING: None,
        Recovery.CLEANED: "An earlier run was interrupted before it changed anything; its leftovers are removed.",
        Recovery.UNDONE: "An earlier run was interrupted half-way; what it had begun is undone.",
    }[found]


def _counts(plan: Plan) -> str:
    words = {Action.CREATE: "new", Action.UPDATE: "updated", Action.REMOVE: "removed", Action.KEEP: "unchanged"}
    counted = {word: len(plan.paths(action)) for action, word in words.items()}
    return ", ".join(f"{count} {word}" for word, count in counted.items() if count)


def _size(content: bytes | Path | None) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size if content else 0


def _places(plan: Plan) -> Iterator[str]:
    """Files and bytes in each of the folders that are written into."""
    files, sizes = Counter[str](), Counter[str]()
    for change in plan.changes:
        if change.content is not None:
            depth = 2 if change.path.parts[0] == "Packages" else 3
            place = "/".join(change.path.parts[:depth]).removesuffix(".meta")
            files[place] += 1
            sizes[place] += _size(change.content)
    width = max(map(len, files), default=0)
    return (f"  {place:<{width}}  {files[place]:>4} files  {sizes[place]:>12,} bytes" for place in sorted(files))


def _left(plan: Plan) -> Iterator[str]:
    left = plan.paths(Action.LEAVE)
    for path in left[:_PATHS_SHOWN]:
        yield f"Not needed any more, but edited by you, so left in place: {path}"
    if len(left) > _PATHS_SHOWN:
        yield f"… and {len(left) - _PATHS_SHOWN} more"


def outcome(plan: Plan) -> RenderableType:
    """What was done, in a few lines."""
    from rich.text import Text

    first = f"Done: {_counts(plan)}." if plan.steps else f"Nothing to do: {_counts(plan)}."
    return Text("\n".join([first, *_places(plan), *_left(plan)]))


def outdated(spec: ModelSpec, target: Path, script: str) -> str | None:
    """Which other models of the project were generated for another runtime than `script`, and what to do."""
    contracts = sorted((target / ROOT).glob(f"*/{CONTRACT}"))
    others = [path for path in contracts if path.parent.name != spec.slug]
    old = [path.parent.name for path in others if script not in path.read_text("utf-8", errors="replace")]
    if not old:
        return None
    return f"Made by another version, so generate these models again too: {', '.join(map(printable, old))}"


def next_steps(spec: ModelSpec, *, project: bool) -> str:
    """The script to paste and the command that checks the build, as plain text."""
    code = "".join(f"    {line}".rstrip() + "\n" for line in example(spec).splitlines())
    copy = "" if project else "Copy the folders Packages and Assets into your Unity project, hidden files too.\n\n"
    return (
        f"{copy}Save this as Assets/{spec.name}Example.cs and put it on a GameObject:\n\n{code}\n"
        "Build for WebGL, then check the build with photos, one sub-folder per class:\n\n"
        "    tfjs-for-unity verify BUILD_FOLDER --cases PHOTO_FOLDER"
    )
