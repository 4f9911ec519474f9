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

Pack = Callable[[str, Packing], Build]

PACKED = [packing for packing in get_args(Packing) if packing != "plain"]
PATIENT = ("--timeout", "120", "--backend", "wasm")


@pytest.fixture(scope="module")
def packed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """Publishes a build of the same small model, packed in a way."""
    tree: Path = tmp_path_factory.mktemp("packed-tree")
    model = add_model(tree, tmp_path_factory.mktemp("packed-model"), "Packed")
    return lambda name, packing: Build(publish(site, tree, name, model.slug, packing), model)


def cases(model: Tiny, folder: Path) -> Path:
    picture = picture_640x480()
    save(picture, folder / "0.png")
    entry = {"image": "0.png", "scores": model.expected(picture).tolist(), "tolerance": 0.002}
    (folder / "cases.json").write_text(json.dumps([entry]))
    return folder / "cases.json"


@pytest.mark.parametrize("packing", PACKED)
def test_a_packed_build_passes(packed: Pack, tmp_path: Path, packing: Packing) -> None:
    build = packed(f"packed-{packing}", packing)
    suffix = packing.rpartition(".")[2]
    names = sorted(path.name for path in (build.folder / "Build").iterdir())
    assert names == sorted(
        ["player.loader.js", *(f"player.{part}.{suffix}" for part in ("data", "framework.js", "wasm"))]
    )
    outcome = verify(build.folder, cases(build.model, tmp_path), *PATIENT)
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
    packed: Pack, tmp_path: Path, part: str, damage: Callable[[bytes], bytes], reason: str
) -> None:
    build = packed(f"damaged-{part}", "br")
    file = build.folder / "Build" / f"player.{part}.br"
    file.write_bytes(damage(file.read_bytes()))
    outcome = verify(build.folder, cases(build.model, tmp_path), "--timeout", "8")
    assert outcome.code == 4 and f"error 503 BUILD_FAILED_TO_LOAD: The build did not load: {reason}" in outcome.err
