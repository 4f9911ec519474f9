"""Where the templates and the built runtime lie: inside the installed package, or in the checkout around it."""

from __future__ import annotations

import json
from pathlib import Path

from builder.errors import DAMAGED_INSTALL, fail
from builder.joining import Pieces, parse_pieces

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "_data"
_CHECKOUT = _PACKAGE.parent
PIECES = "pieces.js"
NOTICES = "THIRD-PARTY-NOTICES.txt"
ONNX_NOTICES = "onnxruntime.NOTICES.txt"


def _folder(installed: str, checkout: str, must_hold: str) -> Path:
    folder = _INSTALLED / installed if _INSTALLED.is_dir() else _CHECKOUT / checkout
    if not (folder / must_hold).is_file():
        raise fail(DAMAGED_INSTALL, folder, missing=must_hold)
    return folder


def templates() -> Path:
    """The folder of Jinja templates."""
    return _folder("unity_templates", "unity_templates", "Packages/com.tfjsbridge.runtime/package.json.j2")


def runtime() -> Path:
    """The folder with the built runtime: `runtime.json`, its pieces, WebAssembly files and third-party notices."""
    return _folder("runtime", "jslib/dist", "runtime.json")


def kernel_table() -> dict[str, list[str]]:
    """Operation → kernels: all that the runtime's own executor has a rule for."""
    table: dict[str, list[str]] = json.loads((runtime() / "kernels.json").read_text("utf-8"))
    return table


def reference() -> Path:
    """The folder with `reference.html`, `reference.js` and the WebAssembly file: TensorFlow.js to compare with."""
    return _folder("runtime", "jslib/dist", "reference.html")


def toolchain() -> Path:
    """The folder with the TensorFlow worker and the locked requirements of its environments."""
    return _folder("toolchain", "toolchain", "worker/__main__.py")


def pieces(folder: Path) -> Pieces:
    """The built runtime in `folder`, which `jslib/scripts/bundle.mjs` wrote; raises DAMAGED_INSTALL."""
    for name in ("runtime.json", PIECES, NOTICES, ONNX_NOTICES):
        if not (folder / name).is_file():
            raise fail(DAMAGED_INSTALL, folder, missing=name)
    manifest, script = ((folder / name).read_bytes() for name in ("runtime.json", PIECES))
    try:
        notices, onnx = ((folder / name).read_text("utf-8") for name in (NOTICES, ONNX_NOTICES))
        return parse_pieces(manifest, script, (notices, onnx), folder)
    except ValueError:
        raise fail(DAMAGED_INSTALL, folder, missing=PIECES) from None
