"""What `bench` measures: one model, of a folder or of a project, laid out as a game's page finds it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath

from builder.cli.checking import Checking
from builder.cli.payload import payload
from builder.cli.reinstall import joint_runtime, spec_needs
from builder.cli.sourcing import tfjs_model
from builder.errors import NOT_MEASURABLE, fail
from builder.harness.assets import Refused, Tree, check_files, model_folders
from builder.inputs.contract import read_contract
from builder.inputs.facts import ModelFacts
from builder.inputs.options import Settings, find_options, read_options
from builder.inputs.teachable_machine import read_export
from builder.inputs.tfjs_model import read_model
from builder.render.streaming_assets import CONTRACT, ROOT, contract_bytes, streaming_assets
from builder.resolve import Options, own_normalization, placeholders, resolve
from builder.spec import Classification, ModelSpec

MOUNT = ROOT.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The model `spec` below `folder`, which is served as `MOUNT`; `notes` say in what it differs from the game's."""

    spec: ModelSpec
    folder: Path
    contract_sha256: str
    script: str
    notes: tuple[str, ...]

    def setup(self) -> dict[str, object]:
        """What every lane is told; URLs are relative to the page's origin."""
        spec, home = self.spec, f"/{MOUNT}/{self.spec.slug}"
        return {
            "contractUrl": f"{home}/{CONTRACT}",
            "contractHash": self.contract_sha256,
            "scriptUrl": f"/{MOUNT}/{self.script}",
            "modelUrl": f"{home}/{spec.files.topology.path}",
            "referenceUrl": "/reference.js",
            "urls": {},
            "output": spec.output.name,
            "format": spec.files.format,
            "softmax": spec.classification.activation == "softmax",
            "skipFirst": spec.classification.skip_first,
            "preprocess": _preprocess(spec),
            "dtype": spec.input.dtype,
        }


def _preprocess(spec: ModelSpec) -> Mapping[str, object]:
    how = spec.preprocess
    return {item.name: getattr(how, item.name) for item in fields(how)}


@contextmanager
def subject(path: Path, slug: str | None, stated: Mapping[str, object] | None = None) -> Iterator[Subject]:
    """The model at `path`, there until the context ends: a model's folder or file, or a project or build, of which
    `slug` names one. `stated` are options of `generate` by field, which win over an options file.

    Raises:
        UserError: NOT_MEASURABLE; whatever is wrong with the model.
    """
    with tempfile.TemporaryDirectory(prefix="tfjs-for-unity-") as place:
        folder = Path(place)
        build = _build_of(path)
        if build is not None:
            yield _laid_out(*_installed(build, slug), None, folder)
            return
        if slug is not None:
            raise fail(NOT_MEASURABLE, path, reason="--model names one of a project's models, and this is no project")
        settings = Settings(**(stated or {})).over(_settings(path))  # type: ignore[arg-type]
        with tfjs_model(path, settings, Checking(how="none")) as found:
            facts = read_model(found.path)
            export = read_export(found.path if found.path.is_dir() else found.path.parent)
            spec, notes = _resolved(facts, settings.over(export.settings) if export else settings)
            with payload(facts, spec) as parts:
                yield _laid_out(parts.spec, parts.folder, (*notes, *parts.remarks), parts.topology, folder)


def _build_of(path: Path) -> Path | None:
    """The folder that holds StreamingAssets: a build itself, a project's Assets; None where `path` is neither."""
    places = (path, path / "Assets")
    return next((place for place in places if (place / "StreamingAssets" / MOUNT).is_dir()), None)


def _installed(build: Path, slug: str | None) -> tuple[ModelSpec, Path, tuple[str, ...]]:
    where = build / "StreamingAssets" / MOUNT
    check = check_files(build, look_at_golden=False)
    if not check.passed:
        raise fail(NOT_MEASURABLE, where, reason="; ".join(check.reasons) or check.detail)
    try:
        names = model_folders(Tree(build.resolve()))
    except Refused as error:
        raise fail(NOT_MEASURABLE, where, reason=str(error)) from None
    if slug not in names and (slug is not None or len(names) != 1):
        missing = "several models are here" if slug is None else f"{slug} is none of its models"
        raise fail(NOT_MEASURABLE, where, reason=f"{missing}: {', '.join(names)}")
    home = where / (slug or names[0])
    try:
        spec = read_contract(home / CONTRACT).model
    except ValueError as error:
        raise fail(NOT_MEASURABLE, home, reason=str(error)) from None
    if not isinstance(spec.task, Classification):
        raise fail(NOT_MEASURABLE, home, reason=f"only classifiers are measured, and its task is {spec.task.kind}")
    return spec, home, ()


def _settings(path: Path) -> Settings:
    options = find_options(path)
    return read_options(options) if options else Settings()


def _resolved(facts: ModelFacts, said: Settings) -> tuple[ModelSpec, tuple[str, ...]]:
    """The spec, with labels and a normalization made up where nobody states them: they change no time."""
    known = {item.name for item in fields(Options)}
    stated = {name: value for name, value in said.said().items() if name in known}
    notes = []
    if not stated.keys() & {"normalize", "mean", "std", "scale"} and not own_normalization(facts):
        stated["normalize"] = "unit"
        notes.append("its normalization is not stated: 0..1 is used, which takes as long as any other")
    options = Options(**{"name": "Measured", **stated})
    return resolve(facts, placeholders(facts, options), options), tuple(notes)


def _laid_out(spec: ModelSpec, model: Path, notes: tuple[str, ...], topology: bytes | None, folder: Path) -> Subject:
    """Writes what the page fetches: this version's runtime, and the model so that all can be asked the same."""
    written = topology or (model / spec.files.topology.path).read_bytes()
    runtime = joint_runtime([spec_needs(spec, written)])
    if spec.preprocess.fit != "stretch":
        notes = (*notes, f"its pictures are stretched, for all alike, and not fitted by {spec.preprocess.fit}")
    spec = replace(spec, preprocess=replace(spec.preprocess, fit="stretch"))
    for file in streaming_assets(spec, model, runtime, topology):
        place = folder / PurePosixPath(*file.path.parts[len(ROOT.parts) :])
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file.content, bytes):
            place.write_bytes(file.content)
        else:
            shutil.copyfile(file.content, place)
    digest = hashlib.sha256(contract_bytes(spec, runtime.files)).hexdigest()
    script = f"runtime/{runtime.files.script.path}"
    return Subject(spec=spec, folder=folder, contract_sha256=digest, script=script, notes=notes)
