"""Dresses a packed player as builds of other Unity versions: their loader, page, file names and compression."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.render.environment import environment
from tests.player.build import HERE, Packing, publish

PAGE = HERE / "page"
PARTS = {"loader": "loader.js", "framework": "framework.js", "code": "wasm", "data": "data"}


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a version publishes a build. `where`: folder of the site in what is published; `folder`: that of the large
    files; `hashed`: files are called by their hash; `worker`: an installable page; `framed`: inside another page."""

    packing: Packing
    where: str = "."
    folder: str = "Build"
    hashed: bool = False
    worker: bool = False
    framed: bool = False
    old: bool = False


FORMS: Mapping[str, Form] = {
    "2018": Form(packing="gzip.unityweb", old=True),
    "2020": Form(packing="gz"),
    "2021-hashed": Form(packing="br", hashed=True),
    "2022-fallback": Form(packing="brotli.unityweb", where="docs"),
    "6000": Form(packing="br", where="deploy/site"),
    "plain-elsewhere": Form(packing="plain", folder="game/files"),
    "pwa": Form(packing="br", worker=True),
    "framed": Form(packing="br", framed=True),
}


def dress(plain: Path, out: Path, form: Form) -> Path:
    """Writes the build `plain` (as `pack` makes it) into `out` in another form; gives `out`."""
    site = out / form.where
    files = site / form.folder
    files.mkdir(parents=True)
    contents = {part: (plain / "Build" / f"player.{suffix}").read_bytes() for part, suffix in PARTS.items()}
    names = _old_files(files, contents, form) if form.old else _files(files, contents, form)
    if form.worker:
        names |= _installable(site)
    template = environment(PAGE).get_template("unity_2018.html.j2" if form.old else "unity_2020.html.j2")
    page = template.render(names=names, folder=form.folder)
    (site / ("game.html" if form.framed else "index.html")).write_text(page, "utf-8")
    if form.framed:
        frame = '<!DOCTYPE html><p>A game</p><iframe src="game.html" width="1250" height="600"></iframe>'
        (site / "index.html").write_text(frame, "utf-8")
    shutil.copytree(plain / "StreamingAssets", site / "StreamingAssets")
    return out


def _files(folder: Path, contents: Mapping[str, bytes], form: Form) -> dict[str, str]:
    names = {}
    for part, content in contents.items():
        base = hashlib.md5(content).hexdigest() if form.hashed else "game"
        packing: Packing = "plain" if part == "loader" else form.packing
        names[part] = publish(folder, f"{base}.{PARTS[part]}", content, packing)
    return names


def _old_files(folder: Path, contents: Mapping[str, bytes], form: Form) -> dict[str, str]:
    """2018: three `.unityweb` files that a JSON file names."""
    keys = {"framework": "wasmFrameworkUrl", "code": "wasmCodeUrl", "data": "dataUrl"}
    bases = {"framework": "game.wasm.framework", "code": "game.wasm.code", "data": "game.data"}
    listed = {key: publish(folder, bases[part], contents[part], form.packing) for part, key in keys.items()}
    (folder / "game.json").write_text(json.dumps(listed), "utf-8")
    shutil.copy(PAGE / "unity_loader.js", folder / "UnityLoader.js")
    return {"json": "game.json"}


def _installable(site: Path) -> dict[str, str]:
    shutil.copy(PAGE / "service_worker.js", site / "ServiceWorker.js")
    manifest = {"name": "Player", "start_url": "index.html", "display": "fullscreen"}
    (site / "manifest.webmanifest").write_text(json.dumps(manifest), "utf-8")
    return {"worker": "ServiceWorker.js", "manifest": "manifest.webmanifest"}


# --- broken ---------------------------------------------------------------------------------------------------------

_TRAP = "new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([%s]))).exports.f()"
# (module (func (export "f") unreachable))
_UNREACHABLE = bytes.fromhex("0061736d010000000104016000000302010007050101660000 0a05010300000b".replace(" ", ""))
_ENDLESS = "function createUnityInstance(c, f, p) { p(0.5); return new Promise(function () {}); }"
_BLACK = (
    "function createUnityInstance(canvas) { var gl = canvas.getContext('webgl2'); gl.clearColor(0, 0, 0, 1);"
    "(function draw() { gl.clear(gl.COLOR_BUFFER_BIT); requestAnimationFrame(draw); })();"
    "return Promise.resolve({}); }"
)


def _one(site: Path, pattern: str) -> Path:
    (found,) = site.rglob(pattern)
    return found


def _halve(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _loader(text: str) -> Callable[[Path], None]:
    """Another loader in place of the build's."""

    def spoil(site: Path) -> None:
        _one(site, "*.loader.js").write_text(text, "utf-8")

    return spoil


def _after(script: str) -> Callable[[Path], None]:
    """A script that runs once the game has started."""

    def spoil(site: Path) -> None:
        page = site / "index.html"
        started = 'document.title = "Player";'
        page.write_text(page.read_text("utf-8").replace(started, f"{started} setTimeout(function () {{ {script}; }});"))

    return spoil


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    "missing-wasm": lambda site: _one(site, "Build/*.wasm*").unlink(),
    "truncated-data": lambda site: _halve(_one(site, "Build/*.data*")),
    "missing-loader": lambda site: _one(site, "*.loader.js").unlink(),
    "script-error": _loader("var createUnityInstance = ;"),
    "endless": _loader(_ENDLESS),
    "flat": _loader(_BLACK),
    "failed-level": _loader(_BLACK.replace("return", "console.error('The level cannot be read'); return")),
    "stopped": _after(_TRAP % ",".join(map(str, _UNREACHABLE))),
}
