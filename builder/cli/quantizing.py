"""What `tfjs-for-unity quantize` does, apart from its flags: reads, checks, stores, and says what it came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from builder.cli.answers import print_json, problems_as_json
from builder.cli.calibrating import Agreement, Calibrated, calibrate
from builder.cli.packing import Packed, packed
from builder.cli.reading import document_of, loaded
from builder.convert.folder import MODEL_JSON, SHARD_BYTES, Sizes, refuse_foreign, write_folder
from builder.convert.model import ConvertedModel
from builder.convert.quantize import Quantization, read_rules, rule_problems
from builder.errors import BAD_OPTION, BAD_RULE, UserError, fail
from builder.inputs.archive import unpacked
from builder.inputs.facts import ModelFacts
from builder.inputs.jsonfile import printable
from builder.inputs.tfjs_model import read_model

_MEGABYTE = 1024 * 1024
_NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run came to; `kinds` counts the weights by how they are stored now."""

    folder: Path
    before: Packed
    after: Packed
    sizes: Sizes
    kinds: Mapping[str, int]
    notes: tuple[str, ...]
    calibrated: Calibrated | None


def quantize(model: Path, folder: Path, given: Mapping[str, Any], *, as_json: bool) -> None:
    """Writes the model into `folder` as the rules say, and reports."""
    with problems_as_json(as_json), unpacked(model) as place:
        facts = read_model(place.path)
        source = loaded(facts, document_of(facts))
        done = _quantize(facts, source, folder, given)
    for name, text in _report(done):
        click.echo(f"{name:<10}{text}", err=True)
    if as_json:
        print_json(_document(done))


def _quantize(facts: ModelFacts, source: ConvertedModel, folder: Path, given: Mapping[str, Any]) -> Done:
    _check_place(facts, folder)
    quantization = _asked(source, given)
    calibrated = calibrate(facts, source, quantization, given) if given["photos"] else None
    if calibrated:
        quantization = calibrated.search.quantization
    shard = given["shard_size"]
    shard_bytes = round(shard * _MEGABYTE) if shard else SHARD_BYTES
    sizes = write_folder(source, folder, quantization=quantization, shard_bytes=shard_bytes)
    kinds = Counter(
        (sizes.kept.get(name) and "none") or quantization.kind(name, values.shape)
        for name, values in source.weights.items()
        if values.dtype.name == "float32"
    )
    return Done(
        folder=folder,
        before=packed([facts.json_path, *(facts.folder / shard.path for shard in facts.shards)]),
        after=packed(sorted(folder.iterdir())),
        sizes=sizes,
        kinds=dict(sorted(kinds.items())),
        notes=tuple(_notes(facts)),
        calibrated=calibrated,
    )


def _check_place(facts: ModelFacts, folder: Path) -> None:
    if folder.resolve() == facts.folder.resolve():
        reason = "it is the model's own folder, and what rounding loses cannot be brought back"
        raise fail(BAD_OPTION, "-o", option="-o", value=str(folder), reason=reason)
    refuse_foreign(folder)


def _asked(source: ConvertedModel, given: Mapping[str, Any]) -> Quantization:
    """The rules that the flags come to."""
    if not given["rules"]:
        raise fail(BAD_RULE, "--quantize", option="--quantize", value="left out", reason="it says how to store weights")
    rules = read_rules(given["rules"], given["only"])
    problems = rule_problems(rules, source.weights)
    if problems:
        raise UserError(problems)
    return Quantization(rules=rules, scales=given["scales"])


def _notes(facts: ModelFacts) -> Iterator[str]:
    if facts.quantization:
        text = ", ".join(f"{count} {kind}" for kind, count in facts.quantization.items())
        yield f"its weights were quantized before ({text}): start from the original where you can"
    own = {facts.json_path.name, *(Path(shard.path).parts[0] for shard in facts.shards)}
    others = sorted(path.name for path in facts.folder.iterdir() if path.name not in own)
    if facts.json_path.name == MODEL_JSON and others:
        more = f" and {len(others) - _NAMES_SHOWN} more" if len(others) > _NAMES_SHOWN else ""
        yield f"not copied from beside the model: {printable(', '.join(others[:_NAMES_SHOWN]))}{more}"


def _report(done: Done) -> Iterator[tuple[str, str]]:
    kinds = {"none" if kind == "none" else kind: count for kind, count in done.kinds.items()}
    shown = ", ".join(f"{count} {'float32' if kind == 'none' else kind}" for kind, count in kinds.items())
    yield "weights", shown or "none of float32"
    yield "bytes", _change(done.before.raw, done.after.raw)
    yield "gzip", _change(done.before.gzip, done.after.gzip)
    if done.before.brotli is not None and done.after.brotli is not None:
        yield "Brotli", _change(done.before.brotli, done.after.brotli)
    if done.calibrated:
        yield from _photos(done.calibrated)
    for name, reason in done.sizes.kept.items():
        yield "note", f"the weight {printable(name)} stays float32: {reason}"
    for note in done.notes:
        yield "note", note
    yield "written", f"{done.folder}: model.json and {done.sizes.shards} weight file{'s' * (done.sizes.shards > 1)}"


def _photos(found: Calibrated) -> Iterator[tuple[str, str]]:
    yield "photos", _agreement(found.first)
    tried = found.search
    if tried.candidates:
        some = f"{tried.tried} of {tried.candidates}" if tried.tried < tried.candidates else f"all {tried.tried}"
        yield "fitted", f"{_agreement(found.last)}, after trying {some} scales one by one"


def _agreement(found: Agreement) -> str:
    share = f"{found.same} of {found.photos}"
    return f"the best class is the same in {share}, scores differ by {found.difference:.2g} of their range on average"


def _change(before: int, after: int) -> str:
    """`18,524,008 → 4,879,048 (26%)`."""
    return f"{before:,} → {after:,} ({after / before:.0%})"


def _document(done: Done) -> dict[str, Any]:
    """The object that --json prints."""
    return {
        "command": "quantize",
        "folder": str(done.folder),
        "before": asdict(done.before),
        "after": asdict(done.after),
        "weights": dict(done.kinds),
        "weightFiles": done.sizes.shards,
        "keptFloat32": dict(done.sizes.kept),
        "notes": list(done.notes),
        "photos": _photos_document(done.calibrated) if done.calibrated else None,
    }


def _photos_document(found: Calibrated) -> dict[str, Any]:
    tried = found.search
    return {
        "unfitted": asdict(found.first),
        "fitted": asdict(found.last),
        "scales": {"candidates": tried.candidates, "tried": tried.tried, "chosen": dict(tried.quantization.chosen)},
    }
