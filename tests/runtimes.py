"""Built runtimes for tests: stand-ins of a few bytes, and the real one as another build of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder import resources
from builder.joining import EVERYTHING, Runtime, closure, join

_WASM = b"\0asm stands for WebAssembly\n"
_ONNX = {
    "script": ("tfjs-bridge-onnxruntime", ".js", b"// stands for ONNX Runtime\n"),
    "file": ("ort-wasm", ".wasm", b"\0asm onnx\n"),
}
PARTS = ("core", "graph-model", "converter", "layers-model", "webgl", "wasm")


def _ref(path: str, content: bytes) -> dict[str, object]:
    return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _named(folder: Path, stem: str, suffix: str, content: bytes) -> dict[str, object]:
    """Writes a file that is named by its content."""
    path = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
    (folder / path).write_bytes(content)
    return _ref(path, content)


def write_runtime(
    folder: Path,
    nodes: Sequence[tuple[str, Sequence[int], str]],
    parts: Mapping[str, int],
    kernels: Mapping[str, Mapping[str, int]],
) -> Path:
    """A folder like `jslib/dist`: `nodes` are (text, needs, names), roots are given by their nodes."""
    folder.mkdir(parents=True, exist_ok=True)
    script = "".join(text for text, _, _ in nodes).encode()
    wasm = f"tfjs-backend-wasm-simd.{hashlib.sha256(_WASM).hexdigest()[:12]}.wasm"
    listed = [[len(text.encode()), list(needs), names] for text, needs, names in nodes]
    onnx = {key: _named(folder, *parts) for key, parts in _ONNX.items()}
    manifest = {
        "pieces": _ref("pieces.js", script),
        "wasm": _ref(wasm, _WASM),
        "onnx": onnx,
        "parts": parts,
        "kernels": kernels,
    }
    (folder / "runtime.json").write_text(json.dumps(manifest | {"nodes": listed}), "utf-8")
    shutil.copy(resources.runtime() / "kernels.json", folder)
    (folder / "pieces.js").write_bytes(script)
    (folder / wasm).write_bytes(_WASM)
    (folder / "THIRD-PARTY-NOTICES.txt").write_text("A library\nLicense text\n", "utf-8")
    (folder / "onnxruntime.NOTICES.txt").write_text("ONNX Runtime\nIts license\n", "utf-8")
    return folder


def fake_runtime(folder: Path, core: bytes = b"// stands for the core\n") -> Path:
    """One piece for each part, and none for kernels."""
    nodes = [(core.decode(), (), ""), *((f"// {name}\n", (), "") for name in PARTS[1:])]
    parts = {name: at for at, name in enumerate(PARTS)}
    return write_runtime(folder, nodes, parts, {"webgl": {}, "wasm": {}})


def whole(folder: Path | None = None) -> Runtime:
    """Everything in the built runtime, or in that of `folder`."""
    return join(resources.pieces(folder or resources.runtime()), EVERYTHING)


def older_build(folder: Path) -> Path:
    """The built runtime as another version of it: other bytes, and so another name."""
    shutil.copytree(resources.runtime(), folder)
    pieces, listed = resources.pieces(folder), json.loads((folder / "runtime.json").read_text("utf-8"))
    core = closure(pieces, [pieces.parts["core"]])
    changed = next(at for at in sorted(core) if pieces.texts[at])
    texts = [text + "/* an older version */" if at == changed else text for at, text in enumerate(pieces.texts)]
    script = "".join(texts).encode()
    listed["nodes"][changed][0] = len(texts[changed])
    listed["pieces"] = _ref("pieces.js", script)
    (folder / "pieces.js").write_bytes(script)
    _write(folder / "runtime.json", listed)
    return folder


def _write(path: Path, value: Any) -> None:  # noqa: ANN401
    path.write_text(json.dumps(value), "utf-8")
