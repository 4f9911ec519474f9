"""Links the player with a generated `.jslib` and packs it like a Unity WebGL build.

`python -m tests.player.build PLUGIN_TREE OUT --model SLUG --picture FILE`. A plug-in tree is what
`tfjs-for-unity generate --out` writes. One link, kept in build/player by the hash of all that goes into it, serves
every model: what differs lies in the `.data` file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from builder.render.environment import environment
from builder.render.header import c_header
from tests.player.compress import Compression, compressed
from tests.player.font import font_file

Mode = Literal["texture", "srgb", "pixels", "camera"]
Picture = Path | NDArray[np.uint8]
# As Unity names them; `.unityweb` of either compression is what its "Decompression Fallback" gives.
Packing = Literal["plain", "gz", "br", "gzip.unityweb", "brotli.unityweb"]

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / "build" / "player"
JSLIB = Path("Packages/com.tfjsbridge.runtime/Runtime/Plugins/WebGL/TfjsBridge.jslib")
STREAMING_ASSETS = Path("Assets/StreamingAssets")
# Where Debian keeps acorn, which Emscripten's optimizer needs from -O1 on.
NODE_MODULES = "/usr/share/nodejs"
# As Unity links: its optimizer runs only at -O2 and above, and is the one that rejects newer JavaScript.
FLAGS = (
    "-O2 -std=c11 -Wall -Wextra -Werror -sMODULARIZE -sEXPORT_NAME=unityFramework -sUSE_WEBGL2 -sFULL_ES3 "
    "-sALLOW_MEMORY_GROWTH -sFORCE_FILESYSTEM -sEXPORTED_FUNCTIONS=_main,_malloc,_free "
    "-sEXPORTED_RUNTIME_METHODS=GL,HEAPU8"
).split()


class LinkError(RuntimeError):
    """Emscripten refused; the text is what it said."""


@cache
def emcc_version() -> str:
    """First line of `emcc --version`; "" where there is none."""
    emcc = shutil.which("emcc")
    if not emcc:
        return ""
    done = subprocess.run([emcc, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def sources() -> list[Path]:
    """The player's C files and headers, sorted."""
    return sorted([*(HERE / "src").glob("*.c"), *(HERE / "src").glob("*.h")])


def _cache_key(jslib: bytes) -> str:
    parts = [emcc_version().encode(), " ".join(FLAGS).encode(), c_header().encode(), jslib]
    parts += [part for path in sources() for part in (path.name.encode(), path.read_bytes())]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(struct.pack("<Q", len(part)) + part)
    return digest.hexdigest()[:16]


def run_emcc(arguments: list[str], folder: Path) -> None:
    """Runs emcc in `folder`; raises LinkError with its words."""
    paths = [path for path in (os.environ.get("NODE_PATH"), NODE_MODULES) if path]
    variables = {**os.environ, "NODE_PATH": os.pathsep.join(paths)}
    done = subprocess.run(["emcc", *arguments], cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LinkError(done.stderr)


def link(plugin_tree: Path) -> Path:
    """Links the player with the tree's `.jslib`; gives the folder with `player.js` and `player.wasm`."""
    jslib = (plugin_tree / JSLIB).read_bytes()
    linked = CACHE / _cache_key(jslib)
    if linked.is_dir():
        return linked
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        work, output = Path(name), Path(name) / "output"
        output.mkdir()
        (work / "TfjsBridge.jslib").write_bytes(jslib)
        (work / "TfjsBridge.h").write_text(c_header(), "utf-8", newline="\n")
        files = [str(path) for path in sources() if path.suffix == ".c"]
        run_emcc([*FLAGS, f"-I{work}", *files, "--js-library", "TfjsBridge.jslib", "-o", "output/player.js"], work)
        _publish(output, linked)
    return linked


def _publish(output: Path, linked: Path) -> None:
    try:
        output.rename(linked)
    except OSError:  # another process was quicker with the same bytes
        if not linked.is_dir():
            raise


def rgba(picture: Picture) -> NDArray[np.uint8]:
    """A file (upright by its EXIF orientation) or an array [h, w, 3 or 4], row 0 on top, as uint8 [h, w, 4]."""
    if isinstance(picture, Path):
        with Image.open(picture) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGBA"))
    if picture.shape[2] == 4:
        return picture
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


def picture_file(picture: Picture) -> bytes:
    """`picture.rgba`: int32 width and height, then RGBA with the bottom row first, as Unity keeps it."""
    pixels = rgba(picture)
    return struct.pack("<2i", pixels.shape[1], pixels.shape[0]) + np.ascontiguousarray(pixels[::-1]).tobytes()


def _settings(contract: Mapping[str, Any], digest: str, source: Mode, options: Mapping[str, Any]) -> Iterator[str]:
    model = contract["model"]
    yield f"contract=tfjs-bridge/{model['slug']}/contract.json"
    yield f"hash={digest}"
    yield f"options={json.dumps(options)}"
    yield f"title={model['name']}"
    yield f"source={source}"
    for label in model["labels"]:
        yield "label=" + " ".join(label.split())


def data_file(files: Mapping[str, bytes]) -> bytes:
    """The archive that Unity calls `.data`: magic, end of the list, entries, contents."""
    names = {name: name.encode() for name in files}
    end = 20 + sum(12 + len(raw) for raw in names.values())
    entries, body = b"", b""
    for name, content in files.items():
        body += bytes(-(end + len(body)) % 8)
        entries += struct.pack("<3I", end + len(body), len(content), len(names[name])) + names[name]
        body += content
    return b"UnityWebData1.0\0" + struct.pack("<I", end) + entries + body


def _compression(packing: Packing) -> Compression:
    return "gzip" if packing in ("gz", "gzip.unityweb") else "brotli"


def publish(build: Path, name: str, content: bytes, packing: Packing) -> str:
    """Writes a file of the build as `packing` says; gives its name. Unity never packs its loader."""
    if packing != "plain":
        content = compressed(content, _compression(packing))
        name = f"{name}.{packing.rpartition('.')[2]}"
    (build / name).write_bytes(content)
    return name


def pack(
    linked: Path,
    plugin_tree: Path,
    out: Path,
    *,
    model: str,
    picture: Picture,
    mode: Mode = "texture",
    name: str = "player",
    options: Mapping[str, Any] | None = None,
    size: tuple[int, int] = (960, 600),
    packing: Packing = "plain",
) -> Path:
    """Writes a build of the model `model` (its slug) into the new or empty folder `out`, and gives `out`.

    `picture` is shown and predicted on; `options` are Create's; `size` is the canvas's; `packing` is how Unity's
    three large files are compressed. The page's query `?source=`
    wins over `mode`; `?every=` says at which frames to submit, 0 for never.
    """
    assets = plugin_tree / STREAMING_ASSETS
    contract = (assets / "tfjs-bridge" / model / "contract.json").read_bytes()
    parsed = json.loads(contract)
    settings = "\n".join(_settings(parsed, hashlib.sha256(contract).hexdigest(), mode, options or {})) + "\n"
    build = out / "Build"
    build.mkdir(parents=True)
    shutil.copy(HERE / "page" / "loader.js", build / f"{name}.loader.js")
    files = {"player.txt": settings.encode(), "picture.rgba": picture_file(picture), "font.bin": font_file(settings)}
    names = {
        "framework": publish(build, f"{name}.framework.js", (linked / "player.js").read_bytes(), packing),
        "code": publish(build, f"{name}.wasm", (linked / "player.wasm").read_bytes(), packing),
        "data": publish(build, f"{name}.data", data_file(files), packing),
    }
    page = environment(HERE / "page").get_template("index.html.j2")
    text = page.render(name=name, names=names, title=parsed["model"]["name"], width=size[0], height=size[1])
    (out / "index.html").write_text(text, "utf-8", newline="\n")
    shutil.copytree(assets, out / "StreamingAssets", ignore=shutil.ignore_patterns("*.meta"))
    return out


@click.command()
@click.argument("plugin_tree", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--model", required=True, help="Slug of the model: its folder in StreamingAssets/tfjs-bridge.")
@click.option("--picture", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mode", type=click.Choice(get_args(Mode)), default="texture", show_default=True)
@click.option("--packing", type=click.Choice(get_args(Packing)), default="plain", show_default=True)
def main(plugin_tree: Path, out: Path, model: str, picture: Path, **options: Any) -> None:  # noqa: ANN401
    """Link the player with PLUGIN_TREE's .jslib and write a WebGL build to OUT."""
    click.echo(pack(link(plugin_tree), plugin_tree, out, model=model, picture=picture, **options))


if __name__ == "__main__":
    main()
