"""What the files of a build are compared with, before any browser starts; and what a hostile build gets."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.harness.assets import check_files
from builder.inputs.tfjs_model import read_model
from builder.render.streaming_assets import streaming_assets
from builder.resolve import Options, resolve
from tests.models import tiny_labels, tiny_model
from tests.runtimes import fake_runtime, whole

BRIDGE = Path("StreamingAssets/tfjs-bridge")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The StreamingAssets of two models; a build has no `.meta` files."""
    work: Path = tmp_path_factory.mktemp("generated")
    tiny_model(work / "model")
    runtime, facts = whole(fake_runtime(work / "runtime")), read_model(work / "model")
    for name in ("First", "Second"):
        spec = resolve(facts, tiny_labels(), Options(name=name, normalize="unit"))
        for file in streaming_assets(spec, facts.folder, runtime):
            place = work / "build" / file.path.relative_to("Assets")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content if isinstance(file.content, bytes) else file.content.read_bytes())
    return work / "build"


@pytest.fixture
def build(generated: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return Path(shutil.copytree(generated, tmp_path / "build"))


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_build_as_it_was_generated_passes(build: Path) -> None:
    check = check_files(build)
    # Of each model contract, topology and one shard; shared by both, a script and the two files of the wasm backend.
    assert check.passed and check.reasons == ()
    own = sum(path.stat().st_size for path in (build / BRIDGE).rglob("*") if path.suffix in (".bin", ".js", ".wasm"))
    own += sum(path.stat().st_size for path in (build / BRIDGE).glob("*/model.json"))
    assert check.detail == f"2 models, 9 files, {own:,} bytes of models and runtime"


def remove(file: Path) -> str:
    file.unlink()
    return "is missing"


def shorten(file: Path) -> str:
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    return f"has {len(content) - 1:,} bytes, its contract says {len(content):,}"


def change(file: Path) -> str:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    new, old = sha256(file.read_bytes())[:12], sha256(content)[:12]
    return f"has another content: its SHA-256 begins with {new}, its contract says {old}"


def shout(file: Path) -> str:
    file.rename(file.with_name(file.name.upper()))
    return f"is missing: there is {file.name.upper()}, and letter case counts on the web"


def link(file: Path) -> str:
    moved = file.rename(file.with_name("elsewhere"))
    file.symlink_to(moved)
    return "is a link"


def turn_into_folder(file: Path) -> str:
    file.unlink()
    file.mkdir()
    return "is no file"


def block(file: Path) -> str:
    file.unlink()
    os.mkfifo(file)
    return "is no file"


FAULTS = [remove, shorten, change, shout, link, turn_into_folder, block]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("pattern", ["second/*.bin", "second/model.json"])
def test_a_wrong_file_is_named_with_its_model(build: Path, pattern: str, fault: Callable[[Path], str]) -> None:
    file = only(build / BRIDGE, pattern)
    reason = fault(file)
    check = check_files(build)
    assert not check.passed and check.detail == "1 not as generated, in all 2 models, 9 files"
    assert check.reasons == (f"second/{file.name} {reason} (model second)",)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("pattern", ["runtime/tfjs-bridge.*.js", "runtime/*.wasm"])
def test_a_wrong_file_of_the_runtime_is_named_once(build: Path, pattern: str, fault: Callable[[Path], str]) -> None:
    file = only(build / BRIDGE, pattern)
    reason = fault(file)
    assert check_files(build).reasons == (f"runtime/{file.name} {reason} (models first, second)",)


@pytest.mark.parametrize("fault", [remove, shout, link, turn_into_folder])
def test_a_contract_that_the_game_would_not_find(build: Path, fault: Callable[[Path], str]) -> None:
    reason = fault(build / BRIDGE / "first" / "contract.json")
    assert check_files(build).reasons == (f"first/contract.json {reason} (model first)",)


def test_a_model_folder_in_another_letter_case(build: Path) -> None:
    (build / BRIDGE / "first").rename(build / BRIDGE / "First")
    reason = "is of the model first: the game looks for it in a folder of that name"
    assert check_files(build).reasons == (f"First/contract.json {reason} (model First)",)


def test_every_fault_is_listed(build: Path) -> None:
    for pattern in ("first/*.bin", "second/*.bin", "runtime/*.wasm"):
        only(build / BRIDGE, pattern).unlink()
    assert len(check_files(build).reasons) == 3


@pytest.mark.parametrize("missing", ["StreamingAssets", "StreamingAssets/tfjs-bridge"])
def test_a_build_without_models(build: Path, missing: str) -> None:
    shutil.rmtree(build / missing)
    check = check_files(build)
    assert not check.passed and check.detail == "StreamingAssets/tfjs-bridge is missing"


def test_a_build_with_the_runtime_alone(build: Path) -> None:
    for slug in ("first", "second"):
        shutil.rmtree(build / BRIDGE / slug)
    assert check_files(build).detail == "StreamingAssets/tfjs-bridge holds no model"


# --- hostile builds -------------------------------------------------------------------------------------------------


def rewrite(build: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = build / BRIDGE / "first" / "contract.json"
    document = json.loads(file.read_bytes())
    change(document)
    file.write_text(json.dumps(document), "utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "../second/model.json",
        "../../../secret.bin",
        "../runtime/../../../secret.bin",
        "/secret.bin",
        "C:/secret.bin",
        "..\\..\\secret.bin",
        "a/./b.bin",
        "a//b.bin",
        "a\0b",
        "\u202eevil",
    ],
)
def test_no_path_leaves_the_folder(build: Path, path: str) -> None:
    secret = b"secret"
    (build / "secret.bin").write_bytes(secret)
    shard = {"path": path, "bytes": len(secret), "sha256": sha256(secret)}
    rewrite(build, lambda document: document["model"]["files"]["shards"].append(shard))
    (reason,) = check_files(build).reasons
    assert reason.endswith(" leaves the folder of its model (model first)") and reason.isprintable()


def test_no_link_is_followed_to_a_folder(build: Path, tmp_path: Path) -> None:
    (build / BRIDGE / "second").rename(tmp_path / "second")
    (build / BRIDGE / "second").symlink_to(tmp_path / "second")
    assert check_files(build).reasons == ("second/contract.json lies behind a link (model second)",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html>", "first/contract.json is no contract (Invalid JSON: "),
        (b"[" * 100_000, "first/contract.json is no contract (Invalid JSON: "),
        (b"{}", "first/contract.json is no contract (model: Field required)"),
    ],
)
def test_a_contract_that_is_none(build: Path, content: bytes, reason: str) -> None:
    (build / BRIDGE / "first" / "contract.json").write_bytes(content)
    assert check_files(build).reasons[0].startswith(reason)


def test_a_contract_of_many_files_gives_a_short_list(build: Path) -> None:
    ghost = {"bytes": 1, "sha256": "0" * 64}
    many = [{"path": f"ghost{n}.bin", **ghost} for n in range(5000)]
    rewrite(build, lambda document: document["model"]["files"].update(shards=many))
    reasons = check_files(build).reasons
    assert len(reasons) == 51 and reasons[-1] == "and 4950 more"
