"""What `generate` reads: flags, options file, model, labels and target become one `Gathered`; all problems at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from builder.cli.answers import refusals_as_problems
from builder.cli.checking import Checking
from builder.cli.engines import ONNX_RUNTIME, engine_problems, onnx_facts
from builder.cli.project import VERSION, missing_part
from builder.cli.sourcing import tfjs_model
from builder.errors import BAD_LABELS, NOT_A_PROJECT, Problem, UserError, fail
from builder.inputs.anchors import read_anchors
from builder.inputs.archive import Unpacked
from builder.inputs.facts import ModelFacts
from builder.inputs.labels import read_labels
from builder.inputs.options import (
    Settings,
    Source,
    find_options,
    flag,
    flag_settings,
    is_anchors_file,
    read_options,
)
from builder.inputs.teachable_machine import Export, read_export
from builder.inputs.tfjs_model import read_model
from builder.resolve import Options, own_labels, placeholders, remarks, resolve, warnings
from builder.spec import ModelSpec

T = TypeVar("T")
CHECKED = Checking()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the tree goes. `unity` is the project's version of the editor; None for a plain folder."""

    folder: Path
    unity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A model that can be generated. `settings` say what was stated and by whom, `options` what that comes to.

    `model` is the path as given. `reason` says why the model itself states its normalization, where it does; `remarks`
    are other things that its user should know, `warnings` what speaks against using it.
    """

    model: Path
    settings: Settings
    options: Options
    target: Target
    facts: ModelFacts
    spec: ModelSpec
    labels: Source
    reason: str | None
    remarks: tuple[str, ...]
    warnings: tuple[str, ...]

    def source(self, *names: str, otherwise: str = "default") -> str:
        """Who stated one of these settings: `--fit`, `tfjs-for-unity.toml`, `metadata.json`, or `otherwise`."""
        found = dict.fromkeys(self.settings.sources[name].shown for name in names if name in self.settings.sources)
        return ", ".join(found) or otherwise


@contextmanager
def gathered(
    model: Path | None, config: Path | None, given: Mapping[str, Any], checking: Checking = CHECKED
) -> Iterator[Gathered]:
    """Everything about the model at `model`, or the one that the options file `config` names; `given` are the flags by
    field, None where not given. A model of another framework is converted first, and checked as `checking` says, unless
    an engine of its own runs it. What comes of it, or of a ZIP, is there until the context ends."""
    said = _said(model, config, given)
    if said.model is None:
        message = "Give MODEL, or --config FILE."
        raise click.UsageError(message)
    if (said.into is None) == (said.out is None):
        message = "Give either --into UNITY_PROJECT or --out FOLDER."
        raise click.UsageError(message)
    if said.engine == ONNX_RUNTIME:
        yield _gather(said, said.model, Unpacked(said.model))
        return
    with tfjs_model(said.model, said, checking) as place:
        yield _gather(said, said.model, place)


def _said(model: Path | None, config: Path | None, given: Mapping[str, Any]) -> Settings:
    """What flags and the options file say; without MODEL, the options file names the model or lies in its folder."""
    problems: list[Problem] = []
    flags = _attempt(lambda: flag_settings(given), problems)
    path = config or (_attempt(lambda: find_options(model), problems) if model else None)
    file = _attempt(lambda: read_options(path), problems) if path else Settings()
    if flags and file:
        problems += engine_problems(flags.over(file).engine)
    if problems:
        raise UserError(problems)
    assert flags and file
    return replace(flags.over(file), model=model or file.model or (path and path.parent))


def _gather(said: Settings, model: Path, place: Unpacked) -> Gathered:
    problems: list[Problem] = []
    folder = place.path if place.path.is_dir() else place.path.parent
    target = _attempt(lambda: _target(said), problems)
    own = said.engine == ONNX_RUNTIME
    facts = _attempt(lambda: onnx_facts(place.path) if own else read_model(place.path), problems)
    export = None if own else _attempt(lambda: read_export(folder), problems)
    settings = said.over(export.settings) if export else said
    settings = settings.over(facts.mark.settings(facts.json_path)) if facts else settings
    known = {item.name for item in fields(Options)}
    options = Options(**{name: value for name, value in settings.said().items() if name in known})
    if options.anchors and is_anchors_file(options.anchors):
        file = Path(options.anchors)
        options = replace(options, anchor_layers=_attempt(lambda: read_anchors(file), problems))
    labels = _attempt(lambda: _labels(said, export, facts, options), problems)
    spec = None
    if facts:
        spec = _attempt(
            lambda: resolve(facts, labels[0] if labels else placeholders(facts, options), options), problems
        )
    if problems:
        raise UserError(_placed(problems, settings))
    assert target and facts and labels and spec
    return Gathered(
        model=model,
        settings=settings,
        options=options,
        target=target,
        facts=facts,
        spec=spec,
        labels=labels[1],
        reason=_reason(export, settings),
        remarks=remarks(facts, spec),
        warnings=warnings(facts),
    )


def _attempt(read: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        with refusals_as_problems():
            return read()
    except UserError as error:
        problems += error.problems
        return None


def _placed(problems: Sequence[Problem], settings: Settings) -> Iterator[Problem]:
    """The problems; one with a flag that was not given, but stands in a file, is one of that file's key."""
    places = {flag(name): source.where for name, source in settings.sources.items()}
    return (replace(found, where=places.get(found.where, found.where)) for found in problems)


def _labels(
    said: Settings, export: Export | None, facts: ModelFacts | None, options: Options
) -> tuple[tuple[str, ...], Source] | None:
    """The labels that were given, or those that come with the model, or that it needs none of; None where the model
    could not be read."""
    if said.labels is not None:
        return read_labels(said.labels), replace(said.sources["labels"], shown=said.labels.name)
    if export and export.found is not None:
        return export.labels(), Source(export.path.name, str(export.path))
    if facts is None:
        return None
    if (own := own_labels(facts, options)) is not None:
        return own, Source("default", "")
    if not facts.labels:
        raise fail(BAD_LABELS, facts.json_path, reason="--labels is not given, and the model carries none")
    return facts.labels, Source(facts.json_path.name, str(facts.json_path))


def _reason(export: Export | None, settings: Settings) -> str | None:
    """The export's remark, where what it states counts."""
    stated = export.settings.sources.values() if export else ()
    counts = any(source in stated for source in settings.sources.values())
    return export.remark if export and counts else None


def _target(said: Settings) -> Target:
    if said.into is None:
        assert said.out is not None
        return Target(folder=said.out)
    if missing := missing_part(said.into):
        raise fail(NOT_A_PROJECT, said.into, missing=missing)
    return Target(folder=said.into, unity=_unity_version(said.into / VERSION))


def _unity_version(file: Path) -> str:
    """The editor's version, such as 2021.3.16f1."""
    found = re.search(r"^m_EditorVersion:[ \t]*(\S+)", file.read_text("utf-8", errors="replace"), re.MULTILINE)
    return found[1] if found else "of unknown version"
