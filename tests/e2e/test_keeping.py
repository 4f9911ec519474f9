"""The model's files on the player's device: in Chromium's own IndexedDB, over visits of the same profile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from tests.e2e.browsing import Chromium
from tests.e2e.game import KEEP_NOTHING, Build, Game, picture_640x480, playing

pytestmark = [pytest.mark.browser, pytest.mark.player]

TOLERANCE = 0.002
# Runs `action(files, kept)` on the two object stores; gives what it returns, once that is written.
STORES = """(action, argument) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("tfjs-bridge", 1);
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const db = opening.result, transaction = db.transaction(["files", "kept"], "readwrite");
    const asked = action(transaction.objectStore("files"), transaction.objectStore("kept"));
    transaction.oncomplete = () => { db.close(); resolve(asked && asked.result); };
    transaction.onabort = () => reject(transaction.error);
  };
})"""
KEYS = f"() => ({STORES})(files => files.getAllKeys())"
CLEAR = f"() => ({STORES})(files => {{ files.clear(); }})"
# Every file with its last byte changed.
POISON = f"""() => ({STORES})(files => {{ files.openCursor().onsuccess = ({{ target: {{ result: cursor }} }}) => {{
  if (!cursor) return;
  const bytes = new Uint8Array(cursor.value);
  bytes[bytes.length - 1] ^= 1;
  cursor.update(bytes.buffer);
  cursor.continue();
}}; }})"""
PRIVATE = "IDBFactory.prototype.open = () => { throw new DOMException('private window', 'InvalidStateError'); };"


@contextmanager
def visits(browser: Chromium, small: Build, before: str = "") -> Iterator[Game]:
    """The player's first visit, in a fresh profile."""
    with playing(browser, small.folder, "wasm", before) as game:
        game.wait_until_ready()
        yield game


@pytest.fixture
def game(browser: Chromium, small: Build) -> Iterator[Game]:
    with visits(browser, small) as opened:
        assert files_asked(opened) == {"model.json", "bin"}
        wait_until_kept(opened)
        yield opened


def wait_until_kept(game: Game) -> None:
    game.tab.wait_for(f"({KEYS})().then(keys => keys.length === 2)")


def files_asked(game: Game) -> set[str]:
    """Which kinds of the model's files went over the network since the last look."""
    names = [url.rpartition("/")[2] for url in game.tab.asked]
    game.tab.asked.clear()
    assert "contract.json" in names
    return {name if name == "model.json" else "bin" for name in names if name.endswith((".bin", "model.json"))}


def visit_again(game: Game) -> None:
    game.tab.goto(f"{game.tab.evaluate('location.href')}")
    game.tab.wait_for("game.module")
    game.wait_until_ready()


def check(game: Game, small: Build) -> None:
    assert np.abs(game.predict("pixels") - small.model.expected(picture_640x480())).max() <= TOLERANCE


def test_the_second_visit_fetches_none_of_the_models_files(game: Game, small: Build) -> None:
    visit_again(game)
    assert files_asked(game) == set()
    check(game, small)


def test_files_that_were_evicted_or_poisoned_meanwhile_are_fetched_and_kept_anew(game: Game, small: Build) -> None:
    for damage in (CLEAR, POISON):
        game.tab.evaluate(damage)
        visit_again(game)
        assert files_asked(game) == {"model.json", "bin"}
        check(game, small)
        wait_until_kept(game)
        visit_again(game)
        assert files_asked(game) == set()


def test_a_device_without_room_loads_the_model_every_time(browser: Chromium, small: Build) -> None:
    with browser.tab() as tab:
        tab.goto(f"{browser.origin}/{small.folder.name}/StreamingAssets/tfjs-bridge/{small.model.slug}/contract.json")
        tab.command("Storage.overrideQuotaForOrigin", origin=browser.origin, quotaSize=1)
        for _ in range(2):
            tab.goto(f"{browser.origin}/{small.folder.name}/?every=0")
            tab.wait_for("globalThis.tfjsBridge?.models[0]?.phase === 'ready'")
            names = {url.rpartition(".")[2] for url in tab.asked}
            assert {"bin", "json"} <= names
            tab.asked.clear()
        assert not tab.errors


def test_a_private_window_loads_the_model_every_time(browser: Chromium, small: Build) -> None:
    with visits(browser, small, PRIVATE) as game:
        check(game, small)
        files_asked(game)
        visit_again(game)
        assert files_asked(game) == {"model.json", "bin"}


def test_nothing_is_kept_where_the_game_does_not_want_it(browser: Chromium, small: Build) -> None:
    with playing(browser, small.folder, "wasm", KEEP_NOTHING) as game:
        game.wait_until_ready()
        assert game.tab.evaluate("indexedDB.databases().then(all => all.map(({ name }) => name))") == []
        game.create(small.model.slug, {"keep": True})  # the page's own word wins
        game.wait_until_ready()
        assert game.tab.evaluate("indexedDB.databases().then(all => all.map(({ name }) => name))") == []
