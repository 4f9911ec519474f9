"""The built runtime's own pieces: any choice of kernels is a script that runs, and registers these and no others."""

from __future__ import annotations

import gzip
import json
import random
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from builder import resources
from builder.convert.folder import write_folder
from builder.convert.from_layers import convert
from builder.inputs.needs import kernels
from builder.inputs.tfjs_model import read_model
from builder.joining import BACKENDS, EVERYTHING, RUNNERS, Needs, Pieces, Runtime, join
from tests.functional import mobilenet

pytestmark = pytest.mark.node

REGISTERED = Path(__file__).with_name("registered.mjs")


@pytest.fixture(scope="module")
def pieces() -> Pieces:
    return resources.pieces(resources.runtime())


def chosen(pieces: Pieces, seed: int) -> Needs:
    """A few kernels, runners and backends."""
    dice = random.Random(seed)
    names = sorted(set(pieces.kernels["webgl"]) | set(pieces.kernels["wasm"]))
    return Needs(
        runners=frozenset(each for each in RUNNERS if dice.random() < 0.5),
        backends=frozenset(each for each in BACKENDS if dice.random() < 0.8),
        kernels=frozenset(dice.sample(names, dice.choice((0, 1, 2, 5, 20, 100)))),
        tasks=frozenset(each for each in ("classification", "detection", "raw") if dice.random() < 0.5),
    )


def register_name(pieces: Pieces) -> str:
    """The short name of TensorFlow.js's registerKernel: what a kernel's root calls."""
    root = pieces.kernels["webgl"]["Add"]
    calls = (re.fullmatch(r"([\w$]+)\([\w$]+\);", pieces.texts[at]) for at in pieces.nodes[root].needs)
    (name,) = (call[1] for call in calls if call)
    return name


def text(runtime: Runtime, path: str) -> str:
    content = runtime.contents[path]
    assert isinstance(content, bytes)
    return content.decode("ascii")


def run(pieces: Pieces, runtimes: Sequence[Runtime]) -> list[dict[str, list[str]]]:
    lines = [
        json.dumps(
            {
                "core": text(made, made.files.script.path),
                "wasm": text(made, made.files.wasm[0].path) if made.files.wasm else "",
                "register": register_name(pieces),
            }
        )
        for made in runtimes
    ]
    told = subprocess.run(["node", REGISTERED], input="\n".join(lines), capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    return [json.loads(line) for line in told.stdout.splitlines()]


def expected(pieces: Pieces, needs: Needs) -> dict[str, Any]:
    def of(backend: Any) -> list[str]:  # noqa: ANN401
        known = pieces.kernels[backend] if backend in needs.backends else {}
        return sorted(f"{backend}/{name}" for name in known if needs.kernels is None or name in needs.kernels)

    return {"core": of("webgl"), "wasm": of("wasm")}


def test_any_choice_registers_these_kernels_and_no_others(pieces: Pieces) -> None:
    choices = [EVERYTHING, *(chosen(pieces, seed) for seed in range(40))]
    found = run(pieces, [join(pieces, needs) for needs in choices])
    assert len(found) == len(choices)
    for needs, registered in zip(choices, found, strict=True):
        assert {place: sorted(names) for place, names in registered.items()} == expected(pieces, needs)


def test_every_kernel_is_there_under_its_own_name(pieces: Pieces) -> None:
    assert len(pieces.kernels["webgl"]) > 150 and len(pieces.kernels["wasm"]) > 100
    assert {"Conv2D", "FusedConv2D", "Reshape", "Softmax"} <= pieces.kernels["webgl"].keys() & pieces.kernels[
        "wasm"
    ].keys()


def test_the_script_of_a_mobilenet_stays_small(pieces: Pieces, tmp_path: Path) -> None:
    write_folder(convert(mobilenet()), tmp_path)
    document = json.loads((tmp_path / "model.json").read_bytes())
    called = kernels(document, [tensor.name for tensor in read_model(tmp_path).outputs], resources.kernel_table())
    assert called is not None
    needs = Needs(
        runners=frozenset({"graph-model"}),
        backends=frozenset(BACKENDS),
        kernels=called,
        tasks=frozenset({"classification"}),
    )
    joined = join(pieces, needs)
    assert len(gzip.compress(text(joined, joined.files.script.path).encode(), 9)) <= 110_000


def test_scripts_are_es2019_and_ascii(pieces: Pieces) -> None:
    joined = join(pieces, EVERYTHING)
    for path in (joined.files.script.path, joined.files.wasm[0].path):
        written = text(joined, path)
        parse = "import{parse}from'acorn';import{readFileSync}from'fs';parse(readFileSync(0,'utf8'),{ecmaVersion:2019})"
        jslib = Path(__file__).parents[2] / "jslib"
        subprocess.run(["node", "--input-type=module", "-e", parse], input=written, cwd=jslib, text=True, check=True)
