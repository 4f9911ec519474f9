"""Pieces of the runtime → the scripts that a project's models need. Pure: bytes in, bytes out; see docs/adr/0012.

The build of the runtime cuts it into its top-level statements, and notes for each what it needs. A script is what its
roots need, directly or not, in the order of the build: the same needs give the same bytes, whoever has them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal

from builder.spec import FileRef, RuntimeFiles

# What runs a model: the own executor for graphs, TensorFlow.js's converter for any graph, or its layers.
Runner = Literal["graph-model", "converter", "layers-model"]
Backend = Literal["webgl", "wasm"]
RUNNERS: tuple[Runner, ...] = ("graph-model", "converter", "layers-model")
BACKENDS: tuple[Backend, ...] = ("webgl", "wasm")
_STEM = "tfjs-bridge"
_TASK = "task/"
_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What models need of the runtime. `kernels` are TensorFlow.js's names of what computes; None stands for all.
    `tasks` are the kinds of tasks that read outputs; None stands for all. `onnx`: ONNX Runtime, for models that
    TensorFlow.js has no part in."""

    runners: frozenset[Runner]
    backends: frozenset[Backend]
    kernels: frozenset[str] | None
    tasks: frozenset[str] | None
    onnx: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            runners=self.runners | other.runners,
            backends=self.backends | other.backends,
            kernels=_both(self.kernels, other.kernels),
            tasks=_both(self.tasks, other.tasks),
            onnx=self.onnx or other.onnx,
        )


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The union, where None is everything."""
    return None if one is None or other is None else one | other


# All that TensorFlow.js can need, and every task.
EVERYTHING = Needs(runners=frozenset(RUNNERS), backends=frozenset(BACKENDS), kernels=None, tasks=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A statement, or a module: what else is needed with it, by index, and the names that it declares."""

    needs: tuple[int, ...]
    declares: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Onnx:
    """ONNX Runtime Web: its script, its WebAssembly file, and the notices of third parties for both."""

    script: FileRef
    file: FileRef
    notices: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The built runtime in pieces: `texts` of the nodes in their order, and the nodes of the roots by their names.

    `wasm` is TensorFlow.js's WebAssembly file, which lies in `folder`, as do those of `onnx`; `notices` are those of
    third parties.
    """

    texts: tuple[str, ...]
    nodes: tuple[Node, ...]
    parts: Mapping[str, int]
    kernels: Mapping[Backend, Mapping[str, int]]
    wasm: FileRef
    onnx: Onnx
    folder: Path
    notices: str

    def text(self, chosen: Collection[int]) -> str:
        return "".join(self.texts[at] for at in sorted(chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A joined runtime: its files, and their contents by path."""

    files: RuntimeFiles
    contents: Mapping[str, bytes | Path]
    notices: str


def parse_pieces(manifest: bytes, script: bytes, notices: tuple[str, str], folder: Path) -> Pieces:
    """What `runtime.json` and `pieces.js` say; `notices` are those of the runtime and of ONNX Runtime. Raises
    ValueError where they do not belong together."""
    listed = json.loads(manifest)
    if hashlib.sha256(script).hexdigest() != listed["pieces"]["sha256"]:
        msg = "pieces.js is not the file that runtime.json was written for"
        raise ValueError(msg)
    ends = list(accumulate(length for length, _, _ in listed["nodes"]))
    text, onnx = script.decode("ascii"), listed["onnx"]
    return Pieces(
        texts=tuple(text[start:end] for start, end in zip([0, *ends], ends, strict=False)),
        nodes=tuple(Node(needs=tuple(needs), declares=tuple(names.split())) for _, needs, names in listed["nodes"]),
        parts=listed["parts"],
        kernels=listed["kernels"],
        wasm=FileRef(**listed["wasm"]),
        onnx=Onnx(script=FileRef(**onnx["script"]), file=FileRef(**onnx["file"]), notices=notices[1]),
        folder=folder,
        notices=notices[0],
    )


def closure(pieces: Pieces, roots: Iterable[int]) -> set[int]:
    """The nodes that are needed with these, themselves included."""
    found, waiting = set(), list(roots)
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting += pieces.nodes[at].needs
    return found


def _kernels(pieces: Pieces, backend: Backend, needs: Needs) -> list[int]:
    """The nodes of the kernels that the backend has; one that it lacks is an error of the model, in the browser."""
    known = pieces.kernels[backend]
    return [at for name, at in known.items() if needs.kernels is None or name in needs.kernels]


def _tasks(pieces: Pieces, needs: Needs) -> list[int]:
    every = {name.removeprefix(_TASK): at for name, at in pieces.parts.items() if name.startswith(_TASK)}
    return [at for kind, at in every.items() if needs.tasks is None or kind in needs.tasks]


def _core(pieces: Pieces, needs: Needs) -> set[int]:
    roots = [pieces.parts["core"], *(pieces.parts[name] for name in needs.runners), *_tasks(pieces, needs)]
    if "webgl" in needs.backends:
        roots += [pieces.parts["webgl"], *_kernels(pieces, "webgl", needs)]
    return closure(pieces, roots)


def _ref(stem: str, content: bytes) -> FileRef:
    sha256 = hashlib.sha256(content).hexdigest()
    return FileRef(path=f"{stem}.{sha256[:_DIGITS]}.js", bytes=len(content), sha256=sha256)


def _json(file: FileRef) -> str:
    return json.dumps({"path": file.path, "bytes": file.bytes, "sha256": file.sha256}, separators=(",", ":"))


def _wasm_script(pieces: Pieces, core: Collection[int], needs: Needs) -> tuple[bytes, list[str]]:
    """The wasm backend's script, and the names of the core that it has to be called with."""
    chosen = closure(pieces, [pieces.parts["wasm"], *_kernels(pieces, "wasm", needs)]).difference(core)
    taken = {need for at in chosen for need in pieces.nodes[at].needs if need in core}
    names = sorted(name for at in taken for name in pieces.nodes[at].declares)
    start = f'document.currentScript.tfjsBridgePart=$=>{{"use strict";var [{",".join(names)}]=$;'
    return f"{start}{pieces.text(chosen)}}};\n".encode("ascii"), names


def _asked(needs: Needs) -> str:
    """What lets the runtime tell a kernel that was left out from one that a backend never had."""
    return "" if needs.kernels is None else f"kernels:{json.dumps(sorted(needs.kernels), separators=(',', ':'))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Late:
    """Something that is fetched when it is used: its files by path, and how the core's `__JOINED__` names it."""

    entry: str
    files: tuple[FileRef, FileRef]
    contents: Mapping[str, bytes | Path]


def _late(
    name: str, script: FileRef, file: FileRef, contents: tuple[bytes | Path, Path], names: Iterable[str]
) -> _Late:
    entry = f"{name}:{{file:{_json(file)},script:{_json(script)},names:()=>[{','.join(names)}]}}"
    return _Late(entry=entry, files=(script, file), contents={script.path: contents[0], file.path: contents[1]})


def _lates(pieces: Pieces, core: Collection[int], needs: Needs) -> Iterator[_Late]:
    if "wasm" in needs.backends:
        content, names = _wasm_script(pieces, core, needs)
        script = _ref(f"{_STEM}-wasm", content)
        yield _late("wasm", script, pieces.wasm, (content, pieces.folder / pieces.wasm.path), names)
    if needs.onnx:
        script, file = pieces.onnx.script, pieces.onnx.file
        yield _late("onnx", script, file, (pieces.folder / script.path, pieces.folder / file.path), ())


def join(pieces: Pieces, needs: Needs) -> Runtime:
    """The runtime of a project: one script; and for the wasm backend and for ONNX Runtime, which are fetched only when
    they are used, a script of its own and a WebAssembly file."""
    core = _core(pieces, needs)
    lates = list(_lates(pieces, core, needs))
    joined = ",".join(filter(None, [_asked(needs), *(late.entry for late in lates)]))
    text = f'"use strict";(()=>{{const __JOINED__={{{joined}}};{pieces.text(core)}}})();\n'.encode("ascii")
    script = _ref(_STEM, text)
    files = RuntimeFiles(script=script, wasm=tuple(file for late in lates for file in late.files))
    contents = {path: content for late in lates for path, content in late.contents.items()}
    notices = f"{pieces.notices.rstrip()}\n\n{pieces.onnx.notices}" if needs.onnx else pieces.notices
    return Runtime(files=files, contents={script.path: text, **contents}, notices=notices)
