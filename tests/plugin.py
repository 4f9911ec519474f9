"""The part of a plug-in tree that a link needs: the rendered `.jslib`, for a runtime script that need not exist."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.render.environment import environment
from builder.render.jslib import jslib_view
from builder.spec import FileRef, RuntimeFiles
from tests.player.build import JSLIB

TEMPLATES = Path(__file__).parents[1] / "unity_templates"


def runtime_files(script: bytes = b"") -> RuntimeFiles:
    """What the runtime's list would say about `script`."""
    digest = hashlib.sha256(script).hexdigest()
    file = FileRef(path=f"tfjs-bridge.{digest[:12]}.js", bytes=len(script), sha256=digest)
    return RuntimeFiles(script=file, wasm=())


def render_jslib(runtime: RuntimeFiles) -> str:
    """`TfjsBridge.jslib` for `runtime`."""
    return environment(TEMPLATES).get_template(f"{JSLIB.as_posix()}.j2").render(jslib_view(runtime))


def write_jslib(tree: Path, script: bytes = b"") -> Path:
    """Writes the `.jslib` where a plug-in tree has it, and gives its path."""
    path = tree / JSLIB
    path.parent.mkdir(parents=True)
    path.write_text(render_jslib(runtime_files(script)), "utf-8", newline="\n")
    return path
