"""`verify` on builds that are compressed as Unity does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from tests.e2e.browsing import Site
from tests.e2e.game import Build, Tiny, add_model, picture_640x480, publish
from tests.player.build import Packing
from tests.verifying import save, verify

pytestmark = [pytest.mark.browser, pytest.mark.player]

PACKED = [packing for packing in get_args(Packing) if packing != "plain"]
PATIENT = ("--timeout", "120", "--backend", "wasm")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tiny]:
    folder: Path = tmp_path_factory.mktemp("packed-tree")
    return folder, add_model(folder, tmp_path_factory.mktemp("packed-model"), "Packed")


@pytest.fixture
def cases(tree: tuple[Path, Tiny], tmp_path: Path) -> Path:
    picture = picture_640x480()
    save(picture, tmp_path / "0.png")
    entry = {"image": "0.png", "scores": tree[1].expected(picture).tolist(), "tolerance": 0.002}
    (tmp_path / "cases.json").write_text(json.dumps([entry]))
    return tmp_path / "cases.json"


def packed(site: Site, tree: tuple[Path, Tiny], packing: Packing, name: str) -> Build:
    return Build(publish(site, tree[0], name, tree[1].slug, packing), tree[1])


@pytest.mark.parametrize("packing", PACKED)
def test_a_packed_build_passes(site: Site, tree: tuple[Path, Tiny], cases: Path, packing: Packing) -> None:
    build = packed(site, tree, packing, f"packed-{packing}")
    suffix = packing.rpartition(".")[2]
    names = sorted(path.name for path in (build.folder / "Build").iterdir())
    assert names == sorted(
        ["player.loader.js", *(f"player.{part}.{suffix}" for part in ("data", "framework.js", "wasm"))]
    )
    outcome = verify(build.folder, cases, *PATIENT)
    assert outcome.code == 0, outcome.out + outcome.err
    assert outcome.lines[-1] == "PASS: 1 of 1 cases pass"


def scrambled(content: bytes) -> bytes:
    """The second half is noise."""
    half = len(content) // 2
    return content[:half] + bytes(byte ^ 0x5A for byte in content[half:])


def halved(content: bytes) -> bytes:
    """An upload that was cut short."""
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("part", "damage", "reason"),
    [
        ("framework.js", scrambled, "Build/player.framework.js.br: net::ERR_CONTENT_DECODING_FAILED."),
        # Chromium hands out what it could unpack of a file that ends too early: the engine notices.
        ("wasm", halved, "Aborted(CompileError: WebAssembly.instantiate(): "),
    ],
)
def test_a_damaged_file_keeps_the_build_from_loading(
    site: Site, tree: tuple[Path, Tiny], cases: Path, part: str, damage: Callable[[bytes], bytes], reason: str
) -> None:
    build = packed(site, tree, "br", f"damaged-{part}")
    file = build.folder / "Build" / f"player.{part}.br"
    file.write_bytes(damage(file.read_bytes()))
    outcome = verify(build.folder, cases, "--timeout", "8")
    assert outcome.code == 4 and f"error 503 BUILD_FAILED_TO_LOAD: The build did not load: {reason}" in outcome.err
