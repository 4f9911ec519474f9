"""What `verify --update-golden` does, and how `generate` and `upgrade` keep the golden vectors that a project has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click

from builder.cli.flags import WriteFlags
from builder.cli.reinstall import contract_path, project_runtime, reinstall
from builder.cli.writing import Wish, carry_out, report
from builder.errors import GOLDEN_MISMATCH, Problem, UserError, problem
from builder.harness.golden_file import NAME, GoldenFile, parse_golden
from builder.joining import Runtime
from builder.render.environment import environment
from builder.render.meta import metas
from builder.render.streaming_assets import CONTRACT, ROOT
from builder.spec import OutputFile
from builder.writer import FileState, Install, Installation, Request, installed

if TYPE_CHECKING:
    from builder.harness.golden import Golden


def update(project: Path, vectors: Sequence[Golden], *, force: bool = False) -> None:
    """Writes golden vectors into `project`, from which their build was made; `force`: over edited files, too.

    Raises:
        UserError: GOLDEN_MISMATCH, DAMAGED_MODEL; what the writer raises.
    """
    flags = WriteFlags(force=force)
    report("verify", carry_out(project, lambda: _wish(installed(project), vectors, force=force), flags), flags)
    click.echo("Build the project again: golden vectors are checked in the build that carries them.")


def _wish(found: Installation, vectors: Sequence[Golden], *, force: bool) -> Wish:
    """All files of the models as they are, and their golden vectors."""
    runtime = project_runtime(found)
    results = list(_installs(found, vectors, runtime))
    problems = [item for item in results if isinstance(item, Problem)]
    if problems:
        raise UserError(problems)
    installs = tuple(item for item in results if isinstance(item, Install))
    return Wish(request=Request(installs=installs, force=force), models=tuple(install.model for install in installs))


def _installs(found: Installation, vectors: Sequence[Golden], runtime: Runtime) -> Iterator[Install | Problem]:
    models = {path.parent.name: model for model in found.models if (path := contract_path(found, model))}
    for vector in vectors:
        if vector.slug not in models:
            yield _mismatch(found, vector, "it has no such model")
            continue
        try:
            install = reinstall(found, models[vector.slug], runtime)
        except UserError as error:
            yield from error.problems
            continue
        actual, wanted = _contract_sha256(install), vector.file.contract_sha256
        if actual == wanted:
            yield with_golden(install, vector.file)
        else:
            reason = f"its contract begins with {actual[:12]}, that of the build with {wanted[:12]}"
            yield _mismatch(found, vector, reason)


def _mismatch(found: Installation, vector: Golden, reason: str) -> Problem:
    return problem(GOLDEN_MISMATCH, found.target, model=vector.slug, reason=reason)


def _contract(install: Install) -> OutputFile:
    return next(file for file in install.files if file.path.name == CONTRACT and file.path.parent.parent == ROOT)


def _contract_sha256(install: Install) -> str:
    content = _contract(install).content
    assert isinstance(content, bytes)
    return hashlib.sha256(content).hexdigest()


def golden_path(contract: PurePosixPath) -> PurePosixPath:
    """Where the golden vector of the model with this contract lies."""
    return contract.with_name(NAME)


def with_golden(install: Install, golden: GoldenFile) -> Install:
    """`install` with a golden vector and its `.meta`."""
    file = OutputFile(golden_path(_contract(install).path), golden.to_bytes(), per_model=True)
    known = {each.path for each in install.files}
    end = [each for each in metas([file], environment()) if each.path not in known]
    return replace(install, files=tuple(sorted((*install.files, file, *end), key=lambda each: each.path)))


def keep_golden(found: Installation, install: Install) -> Install:
    """`install` with the golden vector that the project has, if that was made for this very contract, or for one that
    only names another runtime: no runtime takes part in a vector. Otherwise the writer finds it to be stale, and
    removes it."""
    path = golden_path(_contract(install).path)
    entry = found.files(install.model).get(path)
    if entry is None or found.state(path, entry) != FileState.OK:
        return install
    try:
        golden = parse_golden((found.target / path).read_bytes())
    except ValueError:
        return install
    actual = _contract_sha256(install)
    if golden.contract_sha256 == actual or _differs_by_runtime_alone(found, install, golden):
        return with_golden(install, golden.model_copy(update={"contract_sha256": actual}))
    return install


def _differs_by_runtime_alone(found: Installation, install: Install, golden: GoldenFile) -> bool:
    """Whether the contract that the vector was made for still lies there, and says the same about the model."""
    new = _contract(install)
    try:
        old = (found.target / new.path).read_bytes()
        if hashlib.sha256(old).hexdigest() != golden.contract_sha256:
            return False
        return _but_runtime(old) == _but_runtime(new.content)
    except (OSError, ValueError):
        return False


def _but_runtime(contract: bytes | Path) -> dict[str, Any]:
    assert isinstance(contract, bytes)
    document: dict[str, Any] = json.loads(contract)
    return {key: value for key, value in document.items() if key != "runtime"}
