"""What `evaluate` is given, made ready to be opened: a finished build, or a model with the flags of `generate`."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from builder.cli.building import opened
from builder.cli.gathering import gathered
from builder.cli.reading import document_of, loaded
from builder.cli.stemming import stem_of
from builder.convert.folder import write_folder
from builder.convert.quantize import NONE
from builder.errors import BAD_OPTION, fail
from builder.harness.assets import Tree, contract_bytes, model_folders
from builder.harness.builds import INDEX
from builder.harness.evaluation.predictors import BuildOpening, ModelOpening, Opening, require_classifier
from builder.harness.evaluation.stem import Stem
from builder.harness.golden import spec_of
from builder.harness.run import published
from builder.harness.visits import RunOptions
from builder.inputs.archive import unpacked
from builder.inputs.facts import ModelFacts
from builder.inputs.tfjs_model import read_model
from builder.resolve import presets
from builder.spec import ModelFiles, ModelSpec, Preprocess

_NAME = "Evaluated"  # a specification has one; nothing is written with it
# The flags of `generate` that say how a picture becomes the input and what the scores mean.
MODEL_FLAGS = (
    "labels", "normalize", "mean", "std", "scale", "channel_order", "input_size", "fit", "filter", "output", "softmax",
    "skip_first",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """What is evaluated and what it is compared with. `how` a model sees pictures; None: the contract in `build` says
    it, if that is no address."""

    opening: Opening
    other: Opening | None
    how: Preprocess | None = None
    build: Path | None = None


def is_build(source: str | Path) -> bool:
    """True for an address, and for a folder or a ZIP with a page in it; everything else is taken for a model."""
    if isinstance(source, str):
        return True
    if source.is_dir():
        return (source / INDEX).is_file()
    try:
        with zipfile.ZipFile(source) as archive:
            return any(name.rpartition("/")[2] == INDEX for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


@contextmanager
def target(path: str | Path, against: Path | None, given: Mapping[str, Any], options: RunOptions) -> Iterator[Target]:
    """There until the context ends. `given` are the `MODEL_FLAGS`, for a model alone.

    Raises:
        UserError: what reading a model or a build's contract raises.
    """
    if is_build(path):
        _refuse_model_flags(given)
        with opened(path) as build, published(build, options) as (origin, url):
            spec = _spec_in_build(build.root, options.slug) if against else None
            with _other(against, spec, options) as other:
                yield Target(BuildOpening(origin, url, options), other, build=build.root)
        return
    assert isinstance(path, Path)
    settings = {**given, "out": Path(), "name": _NAME}
    with gathered(path, None, settings) as found, _model(found.facts, path.name, found.spec, options) as opening:
        with _other(against, found.spec, options) as other:
            yield Target(opening, other, found.spec.preprocess)


@contextmanager
def model_target(
    path: Path, given: Mapping[str, Any], options: RunOptions
) -> Iterator[tuple[ModelOpening, tuple[str, ...], Stem | None]]:
    """A model whose normalization is not known, the names of those that it may have, and its first convolution; there
    until the context ends.

    Raises:
        UserError: what reading a model raises.
    """
    settings = {**given, "normalize": "none", "out": Path(), "name": _NAME}
    with gathered(path, None, settings) as found, _model(found.facts, path.name, found.spec, options) as opening:
        names = presets(found.facts)
        names = (*names, "caffe") if "imagenet" in names else names
        yield opening, names, stem_of(loaded(found.facts, document_of(found.facts)))


def _refuse_model_flags(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if value is not None:
            flag = "--" + name.replace("_", "-")
            raise fail(BAD_OPTION, flag, option=flag, value=str(value), reason="a build's contract says it already")


def _spec_in_build(build: Path | None, slug: str | None) -> ModelSpec:
    if build is None:
        reason = "of a build on a host no files are at hand to compare with"
        raise fail(BAD_OPTION, "--against", option="--against", value="given", reason=reason)
    tree = Tree(build.resolve())
    slugs = model_folders(tree)
    if slug is None and len(slugs) != 1:
        reason = f"the build has {len(slugs)} models: {', '.join(slugs)}"
        raise fail(BAD_OPTION, "--model", option="--model", value="left out", reason=reason)
    chosen = slug or slugs[0]
    return spec_of(tree, chosen, contract_bytes(tree, chosen))


@contextmanager
def _other(path: Path | None, spec: ModelSpec | None, options: RunOptions) -> Iterator[Opening | None]:
    """The model that is compared with: fed and read as `spec` says, with files of its own."""
    if path is None or spec is None:
        yield None
        return
    with unpacked(path) as place:
        facts = read_model(place.path)
        with _model(facts, path.name, replace(spec, **_own_parts(facts, spec)), options) as opening:
            yield opening


def _own_parts(facts: ModelFacts, spec: ModelSpec) -> dict[str, Any]:
    """Files and output of a model that is used like another."""
    names = [tensor.name for tensor in facts.outputs]
    if spec.output.name not in names and len(names) != 1:
        reason = f"it has no output {spec.output.name}; its outputs: {', '.join(names)}"
        raise fail(BAD_OPTION, "--against", option="--against", value=str(facts.json_path), reason=reason)
    output = spec.output.name if spec.output.name in names else names[0]
    files = ModelFiles(format=facts.format, topology=facts.topology, shards=facts.shards)
    return {"files": files, "outputs": (replace(spec.output, name=output),)}


@contextmanager
def _model(facts: ModelFacts, name: str, spec: ModelSpec, options: RunOptions) -> Iterator[ModelOpening]:
    require_classifier(name, spec.task.kind)
    parts = (spec.files, spec.preprocess, spec.task, spec.labels, spec.output.name)
    identity = hashlib.sha256(repr(parts).encode()).hexdigest()
    if facts.rewritten is None:
        yield ModelOpening(facts.json_path, name, spec, identity, options)
        return
    with TemporaryDirectory(prefix="tfjs-for-unity-", ignore_cleanup_errors=True) as private:
        folder = Path(private) / "model"
        write_folder(loaded(facts, document_of(facts)), folder, quantization=NONE)
        yield ModelOpening(folder, name, spec, identity, options)
