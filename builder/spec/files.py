"""The files that a contract names, and those that are written into a project."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from builder.spec.checks import require

# The first two are TensorFlow.js's; an ONNX file goes to ONNX Runtime Web as it is.
ModelFormat = Literal["graph-model", "layers-model", "onnx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file by its path relative to the contract's folder, its length in bytes and its SHA-256 in hex."""

    path: str
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        require(len(self.sha256) == 64 and set(self.sha256) <= set("0123456789abcdef"), "sha256 is 64 hex digits")
        require(self.bytes >= 0, "bytes is not negative")
        require(bool(self.path) and "\\" not in self.path and not self.path.startswith("/"), "path is relative")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """The model folder's files as they lie beside the contract: `topology` is model.json or the .onnx file, `shards`
    are the weights that lie outside it, under the names that it calls them by."""

    format: ModelFormat
    topology: FileRef
    shards: tuple[FileRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeFiles:
    """A joined runtime: its script, and in `wasm` the files that it fetches when they are used: script and WebAssembly
    file of the wasm backend and of ONNX Runtime, where models may need them."""

    script: FileRef
    wasm: tuple[FileRef, ...]


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to be written: its path below the Unity project, and its bytes or the file that it is a copy of.

    Rendered text is UTF-8 with LF. Weight shards are given by `Path`, so that large models never lie in memory.
    `per_model`: the file goes when no model needs it any more; other files go when their package no longer has them.
    `sha256`, of the content's bytes and in hex, spares reading a large file once more where it is known already.
    """

    path: PurePosixPath
    content: bytes | Path = field(repr=False)
    per_model: bool = False
    sha256: str | None = None

    def __post_init__(self) -> None:
        require(not self.path.is_absolute() and ".." not in self.path.parts, "output paths stay in the project")
