"""Pieces become scripts: from made-up pieces, where every byte is known."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from builder import resources
from builder.errors import UserError
from builder.joining import EVERYTHING, Needs, Pieces, Runtime, closure, join
from tests.runtimes import write_runtime

# (text, needs, names): statements first, then a node for each module.
NODES = [
    ("let a=1;", (), "a"),  # 0 shared by all
    ("function f(){return a}", (0,), "f"),  # 1 read by the webgl kernels and by the wasm backend
    ("g(2);", (0,), ""),  # 2 the core's own run
    ("function unused(){}", (), "unused"),  # 3
    ("add(f);", (1,), ""),  # 4 kernel Add of webgl
    ("mul(f);", (1,), ""),  # 5 kernel Mul of webgl
    ("let w=a;", (0,), "w"),  # 6 read by the wasm kernels
    ("waspAdd(w,f);", (6, 1), ""),  # 7 kernel Add of wasm
    ("graph();", (), ""),  # 8
    ("layers();", (), ""),  # 9
    ("webgl();", (), ""),  # 10
    ("wasm();", (), ""),  # 11
    ("converter();", (), ""),  # 12
    ("boxes();", (), ""),  # 13
    ("classes();", (), ""),  # 14
]
PARTS = {"core": 2, "graph-model": 8, "layers-model": 9, "webgl": 10, "wasm": 11, "converter": 12}
TASKS = {"task/detection": 13, "task/classification": 14}
KERNELS = {"webgl": {"Add": 4, "Mul": 5}, "wasm": {"Add": 7}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_runtime(tmp_path / "runtime", NODES, PARTS | TASKS, KERNELS)


@pytest.fixture
def pieces(folder: Path) -> Pieces:
    return resources.pieces(folder)


def needs(*kernels: str, backends: tuple[str, ...] = ("webgl", "wasm")) -> Needs:
    known = {"webgl": "webgl", "wasm": "wasm"}
    return Needs(
        runners=frozenset({"graph-model"}),
        backends=frozenset(backend for backend in ("webgl", "wasm") if known[backend] in backends),
        kernels=frozenset(kernels),
        tasks=frozenset({"classification"}),
    )


def script(runtime: Runtime) -> str:
    content = runtime.contents[runtime.files.script.path]
    assert isinstance(content, bytes)
    return content.decode("ascii")


def wasm_script(runtime: Runtime) -> str:
    content = runtime.contents[runtime.files.wasm[0].path]
    assert isinstance(content, bytes)
    return content.decode("ascii")


def test_a_script_holds_what_is_needed_in_the_order_of_the_build(pieces: Pieces) -> None:
    joined = join(pieces, needs("Mul", backends=("webgl",)))
    body = "let a=1;function f(){return a}g(2);mul(f);graph();webgl();classes();"
    assert script(joined) == f'"use strict";(()=>{{const __JOINED__={{kernels:["Mul"]}};{body}}})();\n'
    assert joined.files.wasm == ()


def test_the_wasm_script_holds_only_what_the_core_lacks_and_is_handed_the_rest(pieces: Pieces) -> None:
    joined = join(pieces, needs("Add"))
    start = 'document.currentScript.tfjsBridgePart=$=>{"use strict";var [a,f]=$;'
    assert wasm_script(joined) == f"{start}let w=a;waspAdd(w,f);wasm();}};\n"
    assert "names:()=>[a,f]" in script(joined) and "let w" not in script(joined)


def test_names_are_handed_over_only_where_both_scripts_have_them(pieces: Pieces) -> None:
    joined = join(pieces, needs("Mul", backends=("wasm",)))  # wasm has no Mul: nothing of the core is read
    assert "var []=$;" in wasm_script(joined) and "webgl()" not in script(joined)


def test_the_core_knows_the_wasm_files_by_their_hashes(pieces: Pieces, folder: Path) -> None:
    joined = join(pieces, EVERYTHING)
    part, file = joined.files.wasm
    content = joined.contents[part.path]
    assert isinstance(content, bytes) and hashlib.sha256(content).hexdigest() == part.sha256
    assert part.path == f"tfjs-bridge-wasm.{part.sha256[:12]}.js" and joined.contents[file.path] == folder / file.path
    for ref in (part, file):
        assert f'{{"path":"{ref.path}","bytes":{ref.bytes},"sha256":"{ref.sha256}"}}' in script(joined)


def test_every_file_is_what_its_reference_says(pieces: Pieces) -> None:
    joined = join(pieces, EVERYTHING)
    assert joined.contents.keys() == {file.path for file in (joined.files.script, *joined.files.wasm)}
    for file in (joined.files.script, *joined.files.wasm):
        content = joined.contents[file.path]
        written = content if isinstance(content, bytes) else content.read_bytes()
        assert (len(written), hashlib.sha256(written).hexdigest()) == (file.bytes, file.sha256)


def test_needs_of_several_models_are_one_whatever_their_order(pieces: Pieces) -> None:
    first, second = needs("Add", backends=("webgl",)), needs("Mul", backends=("wasm",))
    assert first | second == second | first == needs("Add", "Mul")
    assert join(pieces, first | second) == join(pieces, second | first)


def test_all_kernels_stay_all_beside_some(pieces: Pieces) -> None:
    assert (needs("Add") | EVERYTHING).kernels is None
    assert (EVERYTHING | needs()).kernels is None
    assert "add(f);mul(f);" in script(join(pieces, EVERYTHING))


def test_what_nobody_needs_is_in_no_script(pieces: Pieces) -> None:
    joined = join(pieces, EVERYTHING)
    assert "unused" not in script(joined) + wasm_script(joined)
    assert closure(pieces, range(len(NODES))) == set(range(len(NODES)))


def test_a_changed_file_of_pieces_is_refused(folder: Path) -> None:
    (folder / "pieces.js").write_bytes((folder / "pieces.js").read_bytes().replace(b"g(2)", b"g(3)"))
    with pytest.raises(UserError) as caught:
        resources.pieces(folder)
    assert [problem.kind.id for problem in caught.value.problems] == ["DAMAGED_INSTALL"]


@pytest.mark.parametrize("name", ["runtime.json", "pieces.js", "THIRD-PARTY-NOTICES.txt"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UserError, match=name):
        resources.pieces(folder)


def test_a_task_that_no_model_has_is_left_out(pieces: Pieces) -> None:
    alone = needs("Add")
    assert "classes();" in script(join(pieces, alone)) and "boxes();" not in script(join(pieces, alone))
    both = alone | replace(alone, tasks=frozenset({"detection"}))
    assert "boxes();classes();" in script(join(pieces, both))
    assert (alone | EVERYTHING).tasks is None and "boxes();classes();" in script(join(pieces, EVERYTHING))
