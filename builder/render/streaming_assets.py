"""What the player's browser fetches: the runtime bundle, and for each model its contract, topology and weights."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath

from builder import __version__
from builder.abi import ABI_VERSION
from builder.joining import Runtime
from builder.spec import CONTRACT_VERSION, Contract, FileRef, ModelSpec, OutputFile, RuntimeFiles

ROOT = PurePosixPath("Assets/StreamingAssets/tfjs-bridge")
RUNTIME_FOLDER = ROOT / "runtime"
CONTRACT = "contract.json"
# Hashes of these files are checked in the browser: git must not turn their LF into CRLF. Unity skips dot-files.
GITATTRIBUTES = (
    b"# Written by tfjs-for-unity: these files are hashed, so git must not touch their line ends.\n* -text\n"
)


def _seen_from_contract(file: FileRef) -> FileRef:
    return replace(file, path=f"../{RUNTIME_FOLDER.name}/{file.path}")


def contract(spec: ModelSpec, runtime: RuntimeFiles) -> Contract:
    """The ModelSpec as it travels, with the runtime that it was generated for."""
    return Contract(
        contract=CONTRACT_VERSION,
        abi=ABI_VERSION,
        generator=f"tfjs-for-unity {__version__}",
        runtime=RuntimeFiles(
            script=_seen_from_contract(runtime.script), wasm=tuple(map(_seen_from_contract, runtime.wasm))
        ),
        model=spec,
    )


def contract_bytes(spec: ModelSpec, runtime: RuntimeFiles) -> bytes:
    """`contract.json`: UTF-8, LF, sorted keys. Its SHA-256 is the contract hash that C# hands to the browser."""
    text = json.dumps(asdict(contract(spec, runtime)), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def streaming_assets(
    spec: ModelSpec,
    model_folder: Path,
    runtime: Runtime,
    topology: bytes | None = None,
) -> list[OutputFile]:
    """The files below `tfjs-bridge`, without their `.meta`; the model's are copies of those given, except that
    `topology` takes the place of model.json."""
    home, model = ROOT / spec.slug, spec.files
    copies = [
        (RUNTIME_FOLDER, file, runtime.contents[file.path]) for file in (runtime.files.script, *runtime.files.wasm)
    ]
    copies += [
        (home, file, model_folder / file.path)
        for file in (model.topology, *model.shards)
        if topology is None or file != model.topology
    ]
    return [
        *([OutputFile(home / model.topology.path, topology, per_model=True)] if topology is not None else []),
        OutputFile(ROOT / ".gitattributes", GITATTRIBUTES),
        OutputFile(home / CONTRACT, contract_bytes(spec, runtime.files), per_model=True),
        *(OutputFile(to / file.path, content, per_model=True, sha256=file.sha256) for to, file, content in copies),
    ]
