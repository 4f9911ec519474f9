"""Old and new files on one page, as half an upload, a cache or two versions of the tool leave them: the game says which
file is the odd one, and what to do."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.abi import ABI_VERSION, State
from builder.errors import (
    ABI_MISMATCH,
    BAD_CONTRACT,
    HASH_MISMATCH,
    RUNTIME_UNAVAILABLE,
    STALE_CONTRACT,
    ErrorKind,
)
from builder.spec import CONTRACT_VERSION
from tests.e2e.browsing import Chromium, Site
from tests.e2e.forging import models_of, only_shard, rewrite
from tests.e2e.game import add_model, playing, publish
from tests.runtimes import older_build

pytestmark = [pytest.mark.browser, pytest.mark.player]

SLUG = "signs"
OTHER_RUNTIME = (
    """globalThis.tfjsBridge = { abi: 99, models: [], create: () => { throw new Error("not to be called"); } };"""
)


@dataclass(frozen=True)
class Versions:
    """The same game published twice: the model was trained anew in between, and the tool's runtime is a newer one."""

    site: Site
    old: Path
    new: Path

    def mixed(self, name: str, *, build: Path, assets: Path) -> Path:
        """A page with the Build (and index.html) of the one and the StreamingAssets of the other."""
        folder = self.site.folder / f"mixed-{name}"
        shutil.copytree(build, folder, ignore=shutil.ignore_patterns("StreamingAssets"))
        return Path(shutil.copytree(assets / "StreamingAssets", folder / "StreamingAssets").parent)


@pytest.fixture(scope="module")
def versions(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Versions:
    work = tmp_path_factory.mktemp("versions")
    add_model(work / "old", work / "old-model", "Signs", runtime=older_build(work / "runtime"), seed=1)
    add_model(work / "new", work / "new-model", "Signs", seed=2)
    old, new = (publish(site, work / name, f"version-{name}", SLUG) for name in ("old", "new"))
    return Versions(site, old, new)


def script_of(build: Path) -> Path:
    wasm = set((models_of(build) / "runtime").glob("tfjs-bridge-wasm.*.js"))
    (script,) = set((models_of(build) / "runtime").glob("*.js")) - wasm
    return script


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def check(browser: Chromium, folder: Path, kind: ErrorKind, what: str, before: str = "") -> None:
    """The page's game fails with an error of this kind, whose text begins with `what` and says what to do."""
    with playing(browser, folder, "wasm", before) as game:
        code, message = game.failure()
    assert code == kind.code, message
    assert message.startswith(what) and message.endswith(f"{kind.why} {kind.next_step}"), message


def address(browser: Chromium, folder: Path, path: str) -> str:
    return f"{browser.origin}/{folder.name}/StreamingAssets/tfjs-bridge/{path}"


def test_new_assets_under_an_old_build(browser: Chromium, versions: Versions) -> None:
    # A host that keeps nothing old: the script that this game was built with is gone.
    folder = versions.mixed("assets", build=versions.old, assets=versions.new)
    script = address(browser, folder, f"runtime/{script_of(versions.old).name}")
    what = f"The runtime script {script} did not load: the host answered with status 404. "
    check(browser, folder, RUNTIME_UNAVAILABLE, what)


def test_new_assets_beside_old_ones_under_an_old_build(browser: Chromium, versions: Versions) -> None:
    # A host that keeps what was uploaded before, or a game whose runtime did not change.
    folder = versions.mixed("kept", build=versions.old, assets=versions.new)
    shutil.copy(script_of(versions.old), models_of(folder) / "runtime")
    contracts = [models_of(build) / SLUG / "contract.json" for build in (versions.new, versions.old)]
    what = (
        f"{address(browser, folder, f'{SLUG}/contract.json')} is not the contract that this game was built with: "
        f"its SHA-256 begins with {digest(contracts[0])}, not with {digest(contracts[1])}. "
    )
    check(browser, folder, STALE_CONTRACT, what)


@pytest.mark.parametrize("newer", ["shard", "contract"])
def test_a_shard_of_another_training(browser: Chromium, versions: Versions, newer: str) -> None:
    build, other = (versions.old, versions.new) if newer == "shard" else (versions.new, versions.old)
    folder = versions.mixed(f"newer-{newer}", build=build, assets=build)
    wrong, right = (only_shard(models_of(version) / SLUG) for version in (other, build))
    shutil.copy(wrong, models_of(folder) / SLUG / right.name)
    assert wrong.stat().st_size == right.stat().st_size
    what = (
        f"{address(browser, folder, f'{SLUG}/{right.name}')} is not the file that was generated: "
        f"its SHA-256 begins with {digest(wrong)}, not with {digest(right)}. "
    )
    check(browser, folder, HASH_MISMATCH, what)


def test_another_webassembly_file(browser: Chromium, versions: Versions) -> None:
    folder = versions.mixed("wasm", build=versions.new, assets=versions.new)
    (file,) = (models_of(folder) / "runtime").glob("*.wasm")
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    what = f"{address(browser, folder, f'runtime/{file.name}')} is not the file that was generated: "
    check(browser, folder, HASH_MISMATCH, what)


@pytest.mark.parametrize(
    ("field", "kind", "what"),
    [
        (
            "contract",
            BAD_CONTRACT,
            "{url} is a contract that this runtime cannot read: its version is 99, "
            f"and that of the runtime script {CONTRACT_VERSION}. ",
        ),
        ("abi", ABI_MISMATCH, f"ABI 99 of {{url}} does not fit ABI {ABI_VERSION} of the runtime script. "),
    ],
)
def test_a_contract_of_another_version(
    browser: Chromium, versions: Versions, field: str, kind: ErrorKind, what: str
) -> None:
    folder = versions.mixed(f"version-{field}", build=versions.new, assets=versions.new)
    rewrite(models_of(folder) / SLUG / "contract.json", lambda contract: contract.update({field: 99}))
    with playing(browser, folder, "wasm") as game:
        game.create(SLUG)  # by a game that was built with this contract
        code, message = game.failure()
    assert code == kind.code, message
    assert message.startswith(what.format(url=address(browser, folder, f"{SLUG}/contract.json"))), message
    assert message.endswith(f"{kind.why} {kind.next_step}")


def test_a_runtime_of_another_abi_that_the_page_had_already(browser: Chromium, versions: Versions) -> None:
    what = (
        "ABI 99 of the runtime that this page had already does not fit "
        f"ABI {ABI_VERSION} of the game's TfjsBridge.jslib. "
    )
    check(browser, versions.new, ABI_MISMATCH, what, OTHER_RUNTIME)


def test_a_jslib_of_another_abi_is_never_called(browser: Chromium, versions: Versions) -> None:
    # What the game says then is C#'s own: Loading.AbiMismatchIsRefusedBeforeCreate.
    folder = versions.mixed("jslib", build=versions.new, assets=versions.new)
    (framework,) = (folder / "Build").glob("*.framework.js")
    text, count = re.subn(r"(_TfjsBridge_Abi\(\)\s*\{\s*return )\d+", r"\g<1>99", framework.read_text("utf-8"))
    assert count == 1
    framework.write_text(text, "utf-8")
    with playing(browser, folder, "wasm") as game:
        game.frames(3)
        assert game.call("handle") == 0 and game.call("state") == State.LOADING
        assert game.tab.evaluate("document.querySelector('script[data-tfjs-bridge]')") is None
