"""Rules about generated models: manifests against files, versions, missing shards on a host."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from builder.abi import ABI_VERSION
from builder.harness.assets import MAX_CONTRACT_BYTES, ROOT, Contract, NamedFile, Refused, check_files, place_of
from builder.harness.doctor.findings import Finding
from builder.harness.doctor.site import Site
from builder.spec import CONTRACT_VERSION

_HOME = "/".join(ROOT)
_MAX_SHARD = 512 * 1024 * 1024


def on_disk(root: Path) -> Iterator[Finding]:
    """The models below `root`/StreamingAssets, compared with their contracts; nothing where there are none."""
    home = root.joinpath(*ROOT)
    if not home.is_dir():
        yield _none()
        return
    for reason in _reasons(root):
        yield _wrong(reason, f"{_HOME}/{reason.partition(' ')[0]}")
    for contract in sorted(home.glob("*/contract.json")):
        yield from _versions(_json(contract.read_bytes()[:MAX_CONTRACT_BYTES]), f"{_HOME}/{contract.parent.name}")


def _reasons(root: Path) -> Sequence[str]:
    check = check_files(root)
    return () if check.passed else check.reasons or (check.detail,)


def _wrong(reason: str, where: str) -> Finding:
    return Finding(
        severity="error",
        rule="model-files",
        what=f"{reason}.",
        why="The runtime checks every file against its contract and loads no model whose files differ.",
        next_step="Generate again, build, and publish StreamingAssets as a whole and as binary files.",
        where=where,
    )


def _none() -> Finding:
    return Finding(
        severity="note",
        rule="no-model",
        what="The build carries no TfjsBridge model.",
        why=f"There is no folder {_HOME}.",
        next_step="If it should have one: tfjs-for-unity generate MODEL --into PROJECT, then build again.",
    )


def _json(raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _versions(contract: dict[str, Any], where: str) -> Iterator[Finding]:
    given = {"contract": (contract.get("contract"), CONTRACT_VERSION)}
    if "abi" in contract:
        given["ABI"] = (contract["abi"], ABI_VERSION)
    for name, (actual, expected) in given.items():
        if actual != expected:
            yield Finding(
                severity="error" if name == "ABI" else "warning",
                rule="versions",
                what=f"The {name} version is {actual}, this tool's is {expected}.",
                why="Parts of different versions do not work together.",
                next_step="tfjs-for-unity upgrade PROJECT, then build again.",
                where=where,
            )


def on_host(site: Site, slugs: Sequence[str]) -> Iterator[Finding]:
    """The models `slugs` on a host, each file of their contracts fetched and hashed."""
    for slug in slugs:
        path = f"{_HOME}/{slug}/contract.json"
        answer = site.get(path, MAX_CONTRACT_BYTES)
        if answer.status != 200:
            yield _wrong(f"{path} does not come ({answer.reason or answer.status})", path)
            continue
        try:
            contract = Contract.model_validate_json(answer.content)
        except ValidationError:
            page = answer.content.lstrip().lower().startswith((b"<!doctype", b"<html"))
            yield _wrong(f"{path} is {'a page of HTML' if page else 'no contract'}", path)
            continue
        yield from _versions(_json(answer.content), path)
        for file in contract.files:
            yield from _fetched(site, slug, file)


def _fetched(site: Site, slug: str, file: NamedFile) -> Iterator[Finding]:
    try:
        path = "/".join((_HOME, *place_of(slug, file.path)))
    except Refused as error:
        yield _wrong(f"{file.path} {error}", slug)
        return
    answer = site.get(path, min(file.bytes + 1, _MAX_SHARD))
    if answer.status != 200:
        yield _wrong(f"{path} does not come ({answer.reason or f'the host answered {answer.status}'})", path)
    elif answer.content.lstrip()[:9].lower() in (b"<!doctype", b"<html>"):
        yield _wrong(f"instead of {path} comes a page of HTML", path)
    elif not answer.headers.get("content-encoding") and hashlib.sha256(answer.content).hexdigest() != file.sha256:
        yield _wrong(f"{path} has {len(answer.content):,} bytes or more of another content than was generated", path)
