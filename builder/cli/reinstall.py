"""Models that are installed already, rendered anew by this version from what lies in the project."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from pathlib import PurePosixPath

from builder import resources
from builder.errors import DAMAGED_MODEL, Problem, UserError, fail
from builder.inputs.contract import read_contract
from builder.inputs.needs import needs
from builder.inputs.shards import file_ref
from builder.joining import EVERYTHING, Needs, Runtime, join
from builder.render.streaming_assets import CONTRACT, ROOT, RUNTIME_FOLDER
from builder.render.tree import render
from builder.spec import Contract, FileRef, ModelSpec
from builder.writer import FileState, Install, Installation


def spec_needs(spec: ModelSpec, topology: bytes) -> Needs:
    """What a model needs of the runtime; everything where its model.json cannot be read."""
    try:
        document = {} if spec.files.format == "onnx" else json.loads(topology)
        return needs(document, spec, resources.kernel_table())
    except (ValueError, LookupError, TypeError, AttributeError):
        return EVERYTHING


def installed_needs(installation: Installation, models: Iterable[str]) -> list[Needs]:
    """What each of these models needs; everything where its files cannot be read."""
    return [_needs(installation, model) for model in models]


def _needs(installation: Installation, model: str) -> Needs:
    path = contract_path(installation, model)
    try:
        spec = read_contract(installation.target / path).model if path else None
        if spec and spec.files.format == "onnx":
            return spec_needs(spec, b"")
        topology = spec and path and (installation.target / path.parent / spec.files.topology.path).read_bytes()
    except (OSError, ValueError):
        return EVERYTHING
    return spec_needs(spec, topology) if spec and topology else EVERYTHING


def joint_runtime(every: Sequence[Needs]) -> Runtime:
    """The runtime of this version for models with these needs; without models, the whole of it."""
    return join(resources.pieces(resources.runtime()), reduce(or_, every) if every else EVERYTHING)


def project_runtime(installation: Installation) -> Runtime:
    """The runtime of this version for all models of the project."""
    gone = deleted(installation)
    return joint_runtime(installed_needs(installation, (name for name in installation.models if name not in gone)))


def contract_path(installation: Installation, model: str) -> PurePosixPath | None:
    """Where the model's contract lies, by the manifest."""
    paths = (path for path in installation.files(model) if path.name == CONTRACT and path.parent.parent == ROOT)
    return next(paths, None)


def _own_files(installation: Installation, model: str) -> list[PurePosixPath]:
    return [path for path, entry in installation.files(model).items() if entry.models == (model,)]


def deleted(installation: Installation) -> list[str]:
    """Models of which no file is left: somebody deleted them by hand."""
    target = installation.target
    return [
        model
        for model in installation.models
        if not any((target / path).exists() for path in _own_files(installation, model) if path.suffix != ".meta")
    ]


def outdated(installation: Installation, runtime: Runtime) -> list[str]:
    """Models that another version wrote, or that were written for another build of the runtime."""
    if installation.foreign_generators:
        return installation.models
    bundle = RUNTIME_FOLDER / runtime.files.script.path
    return [model for model in installation.models if bundle not in installation.files(model)]


def stale(installation: Installation) -> list[str]:
    """Models that another version wrote, or for another runtime than the project's models need now; where one of them
    cannot be read, nobody knows which that is."""
    gone = deleted(installation)
    every = installed_needs(installation, (name for name in installation.models if name not in gone))
    if not installation.foreign_generators and any(each is EVERYTHING for each in every):
        return []
    return outdated(installation, joint_runtime(every))


def sound_contract(installation: Installation, model: str) -> tuple[PurePosixPath, Contract]:
    """The contract, just as it was written; raises DAMAGED_MODEL."""
    path = contract_path(installation, model)
    if path is None:
        raise _damaged(installation, model, "its contract.json is not in the list of written files")
    state = installation.state(path, installation.files(model)[path])
    if state != FileState.OK:
        raise _damaged(installation, model, f"{path} is {state.value}")
    try:
        return path, read_contract(installation.target / path)
    except ValueError as error:
        raise _damaged(installation, model, str(error)) from None


def _damaged(installation: Installation, model: str, reason: str) -> UserError:
    return fail(DAMAGED_MODEL, installation.target, model=model, reason=reason)


def reinstall(installation: Installation, model: str, runtime: Runtime) -> Install:
    """All files of an installed model as this version writes them; raises DAMAGED_MODEL."""
    path, contract = sound_contract(installation, model)
    home = path.parent
    mended: dict[PurePosixPath, bytes] = {}
    for ref in (contract.model.files.topology, *contract.model.files.shards):
        mended |= _mended(installation, model, home, ref)
    files = render(contract.model, installation.target / home, runtime)
    return Install(model, tuple(replace(f, content=mended.get(f.path, f.content)) for f in files))


def _mended(installation: Installation, model: str, home: PurePosixPath, ref: FileRef) -> dict[PurePosixPath, bytes]:
    """Checks a file against the contract; where only git changed its line ends, the bytes that it had."""
    path = home / ref.path
    place = installation.target / path
    if not place.is_file():
        raise _damaged(installation, model, f"{path} is missing")
    if file_ref(place.parent, place.name).sha256 == ref.sha256:
        return {}
    if path.suffix == ".json":
        text = place.read_bytes().replace(b"\r\n", b"\n")
        if hashlib.sha256(text).hexdigest() == ref.sha256:
            return {path: text}
    raise _damaged(installation, model, f"{path} is edited")


def reinstall_all(installation: Installation, models: list[str], runtime: Runtime) -> list[Install]:
    """`reinstall` for many, with all problems at once."""
    found = list(_attempts(installation, models, runtime))
    problems = [item for item in found if isinstance(item, Problem)]
    if problems:
        raise UserError(problems)
    return [item for item in found if not isinstance(item, Problem)]


def _attempts(installation: Installation, models: list[str], runtime: Runtime) -> Iterator[Install | Problem]:
    for model in models:
        try:
            yield reinstall(installation, model, runtime)
        except UserError as error:
            yield from error.problems
