"""Small hand-made trees of the shape that `render` gives, and a look at what lies in a folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from builder.spec import OutputFile
from builder.writer import Install, Plan, Request, apply, make_plan, opened
from builder.writer.content import digest

RUNTIME = "Packages/com.tfjsbridge.runtime"
MODELS = "Packages/com.tfjsbridge.models"
SERVED = "Assets/StreamingAssets/tfjs-bridge"
Snapshot = dict[str, tuple[bytes | None, int]]


def meta(path: str, extra: str = "") -> bytes:
    guid = digest(PurePosixPath("x"), path.encode())[:32]
    return f"fileFormatVersion: 2\nguid: {guid}\nDefaultImporter:\n{extra}".encode()


def tree(
    name: str = "Cats", *, version: str = "1", bundle: str = "aaa", shards: tuple[str, ...] = ("w.bin",), slug: str = ""
) -> list[OutputFile]:
    """A tree of the shape that `render` gives: two packages, the runtime bundle, and one model."""
    home = f"{SERVED}/{slug or name.lower()}"
    shared = {
        f"{RUNTIME}/package.json": f'{{"version": "{version}"}}\n',
        f"{RUNTIME}/Runtime/Model.cs": f"// {version}\nclass Model {{ }}\n",
        f"{MODELS}/package.json": "{}\n",
    }
    own = {
        f"{MODELS}/Runtime/{name}.cs": f"class {name} {{ }}\n",
        f"{SERVED}/runtime/tfjs-bridge.{bundle}.js": f"// {bundle}\n",
        f"{home}/contract.json": f'{{"name": "{name}", "bundle": "{bundle}"}}\n',
        **{f"{home}/{shard}": f"weights of {name} {shard}\r\n\0" for shard in shards},
    }
    files = [OutputFile(PurePosixPath(path), text.encode()) for path, text in shared.items()]
    files += [OutputFile(PurePosixPath(path), text.encode(), per_model=True) for path, text in own.items()]
    return files + [OutputFile(PurePosixPath(f"{f.path}.meta"), meta(str(f.path)), f.per_model) for f in files]


def install(files: list[OutputFile], model: str = "Cats") -> Install:
    return Install(model, tuple(files), {"model": model.lower()})


def planned(files: list[OutputFile], target: Path, model: str = "Cats", *, force: bool = False) -> Plan:
    return make_plan(Request(installs=(install(files, model),), force=force), target)


def put(files: list[OutputFile], target: Path, model: str = "Cats", *, force: bool = False) -> Plan:
    return carried_out(Request(installs=(install(files, model),), force=force), target)


def drop(target: Path, *models: str, force: bool = False) -> Plan:
    return carried_out(Request(drop=frozenset(models), force=force), target)


def carried_out(request: Request, target: Path) -> Plan:
    """As the commands do it: lock, recover, plan, apply."""
    with opened(target, wait_s=0):
        plan = make_plan(request, target)
        apply(plan)
    return plan


def snapshot(folder: Path) -> Snapshot:
    """Every file's bytes and modification time, every folder as None."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else None
        found[path.relative_to(folder).as_posix()] = content, path.stat().st_mtime_ns if content is not None else 0
    return found


def contents(folder: Path) -> dict[str, bytes | None]:
    return {path: content for path, (content, _) in snapshot(folder).items()}
