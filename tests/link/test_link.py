"""The rendered `.jslib` under the real Emscripten, and the header under a real C compiler."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from builder import abi
from builder.abi import AbiType, Function
from builder.render.header import c_header
from tests.player.build import NODE_MODULES, LinkError, link, run_emcc
from tests.plugin import write_jslib

pytestmark = pytest.mark.player

PARSE = 'require("acorn").parse(require("fs").readFileSync(0, "utf8"), { ecmaVersion: Number(process.argv[1]) })'
UNKNOWN_HANDLE = 12345
ARGUMENTS = {AbiType.UTF8: '""', AbiType.IN: "memory", AbiType.OUT: "memory", AbiType.I32: "0", AbiType.F32: "0"}


def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def parse(source: str, version: int) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "NODE_PATH": NODE_MODULES}
    command = ["node", "-e", PARSE, "--", str(version)]
    return subprocess.run(command, input=source, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    write_jslib(folder)
    return folder


@pytest.fixture(scope="module")
def jslib(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jslib(tmp_path_factory.mktemp("jslib"))


def test_the_jslib_parses_as_es5(jslib: Path) -> None:
    parsed = parse(jslib.read_text("utf-8"), 5)
    assert parsed.returncode == 0, parsed.stderr


@pytest.mark.parametrize("newer", ["const x = 1;", "var f = x => x;", "var o = { f() {} };", "f(a = 1);\nvar y = `z`;"])
def test_the_parser_refuses_newer_syntax(newer: str) -> None:
    assert parse(newer, 2020).returncode == 0
    assert "SyntaxError" in parse(newer, 5).stderr


@pytest.mark.parametrize("language", ["c -std=c99", "c++ -std=c++11"])
def test_the_header_compiles_without_a_warning(language: str) -> None:
    program = c_header() + "\nint main(void) { return 0; }\n"
    flags = "-Wall -Wextra -Wpedantic -Werror -fsyntax-only -x".split()
    compiled = run("gcc", *flags, *language.split(), "-", text=program)
    assert compiled.returncode == 0, compiled.stderr


def _call(function: Function) -> str:
    """A printf of what `function` returns for a handle that does not exist."""
    values = [str(UNKNOWN_HANDLE) if p.name == "handle" else ARGUMENTS[p.type] for p in function.params]
    call = f"{function.symbol}({', '.join(values)})"
    return f'  printf("{function.name} %d\\n", (int){call});' if function.returns else f"  {call};"


def test_every_function_links_at_o2_and_answers_for_an_unknown_handle(jslib: Path, tmp_path: Path) -> None:
    (tmp_path / "TfjsBridge.h").write_text(c_header(), "utf-8")
    called = [function for function in abi.FUNCTIONS if function.name != "Create"]
    lines = ["#include <stdio.h>", '#include "TfjsBridge.h"', "int main(void) {", "  uint8_t memory[64];"]
    (tmp_path / "all.c").write_text("\n".join([*lines, *map(_call, called), "  return 0;", "}", ""]), "utf-8")
    flags = ["-O2", "-Wall", "-Werror", "-Wno-unused-variable", "-sUSE_WEBGL2", "-sENVIRONMENT=node"]
    run_emcc([*flags, "all.c", "--js-library", str(jslib), "-o", "all.js"], tmp_path)
    ran = run("node", "--no-experimental-fetch", str(tmp_path / "all.js"))
    answers = dict(line.split() for line in ran.stdout.splitlines())
    expected = {f.name: int(f.absent) for f in called if f.returns} | {"Abi": abi.ABI_VERSION}
    assert {name: int(value) for name, value in answers.items()} == expected, ran.stderr


def test_the_player_links_with_every_bridge_function(tree: Path) -> None:
    linked = link(tree)
    framework = (linked / "player.js").read_text("utf-8")
    for function in abi.FUNCTIONS:
        assert f"_{function.symbol}(" in framework, function.symbol
    assert (linked / "player.wasm").read_bytes()[:4] == b"\0asm"


def test_a_second_link_of_the_same_bytes_is_the_first_one(tree: Path) -> None:
    first = link(tree)
    stamp = (first / "player.wasm").stat().st_mtime_ns
    assert link(tree) == first
    assert (first / "player.wasm").stat().st_mtime_ns == stamp


def test_a_jslib_with_newer_syntax_does_not_link(jslib: Path, tmp_path: Path) -> None:
    source = jslib.read_text("utf-8")
    old = "var model = TfjsBridgeState.model(handle);\n    delete"
    assert old in source
    (tmp_path / "new.jslib").write_text(source.replace(old, "var model = TfjsBridgeState?.model(handle);\n    delete"))
    (tmp_path / "main.c").write_text("void TfjsBridge_Dispose(int h); int main(void) { TfjsBridge_Dispose(1); }")
    with pytest.raises(LinkError, match="acorn-optimizer"):
        run_emcc(["-O2", "-sUSE_WEBGL2", "main.c", "--js-library", "new.jslib", "-o", "main.js"], tmp_path)
