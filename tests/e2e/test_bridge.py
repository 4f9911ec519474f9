"""The `.jslib` in a browser, with a stand-in for Emscripten around it and a stand-in for the runtime behind it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.abi import ABI_VERSION, State, SubmitCode
from builder.errors import ABI_MISMATCH, RUNTIME_UNAVAILABLE
from tests.e2e.browsing import Chromium, Site, Tab
from tests.plugin import render_jslib, runtime_files

pytestmark = pytest.mark.browser

# What Emscripten does with a library, as far as the bridge can tell.
EMSCRIPTEN = """
var LibraryManager = { library: {} }, GL = { textures: [null], currentContext: null }, HEAPU8 = new Uint8Array(65536);
function mergeInto(library, plugin) { Object.assign(library, plugin); }
function text(string, at) { HEAPU8.set(new TextEncoder().encode(string + '\\0'), at); return at; }
function create(url, options) {
  return bridge.TfjsBridge_Create(text(url, 64), text('abc123', 1024), text(options || '', 2048));
}
function message(handle) {
  var length = bridge.TfjsBridge_Message(handle, 4096, 4096);
  return new TextDecoder().decode(HEAPU8.slice(4096, 4096 + length));
}
"""
PAGE = """<!DOCTYPE html><head>{base}<link rel="icon" href="data:,"></head><body><script>{emscripten}</script>
<script src="{folder}/bridge.js"></script>
<script>var bridge = LibraryManager.library, TfjsBridgeState = bridge.$TfjsBridgeState;</script></body>"""
# Looks by itself: a page may forbid the `eval` that waiting for an expression takes.
SETTLED = f"""handle => new Promise(done => {{ const look = () =>
bridge.TfjsBridge_State(handle) !== {State.LOADING:d} ? done() : setTimeout(look); look(); }})"""
RUNTIME = """
window.loads = (window.loads || 0) + 1;
window.calls = [];
window.tfjsBridge = { abi: %d, create: function (handle, url, hash, options, host, script) {
  calls.push([handle, url, hash, options, script]);
  window.host = host;
  var recorder = function (prefix, parts) { return new Proxy(parts, { get: function (_, name) {
    return parts[name] || function () {
      calls.push([prefix + name].concat([].slice.call(arguments)));
      return name === 'state' ? 1 : name === 'progress' ? 0.5 : 7;
    };
  } }); };
  return recorder('', { camera: recorder('camera.', {}) });
} };
"""


@dataclass(frozen=True)
class Stage:
    """A page at `url` with the bridge on it; the runtime's script belongs at `script`."""

    tab: Tab
    folder: Path
    url: str
    script: Path
    source: bytes

    @property
    def contract(self) -> str:
        return f"{self.url}assets/hands/contract.json"

    @property
    def script_url(self) -> str:
        return f"{self.url}assets/runtime/{self.script.name}"

    def publish(self, source: bytes | None = None) -> None:
        self.script.write_bytes(self.source if source is None else source)

    def create(self, url: str = "assets/hands/contract.json") -> int:
        handle = self.tab.evaluate("url => create(url)", url)
        assert isinstance(handle, int)
        return handle

    def state(self, handle: int) -> int:
        state = self.tab.evaluate("handle => bridge.TfjsBridge_State(handle)", handle)
        assert isinstance(state, int)
        return state

    def settle(self, handle: int) -> None:
        self.tab.evaluate(SETTLED, handle)


def stage(site: Site, tab: Tab, name: str, *, abi: int = ABI_VERSION, base: str = "") -> Stage:
    folder, source = site.folder / name, (RUNTIME % abi).encode()
    shutil.rmtree(folder, ignore_errors=True)
    runtime = folder / "assets" / "runtime"
    runtime.mkdir(parents=True)
    files = runtime_files(source)
    (folder / "bridge.js").write_text(render_jslib(files), "utf-8")
    page = PAGE.format(base=base, emscripten=EMSCRIPTEN, folder=f"{site.origin}/{name}")
    (folder / "index.html").write_text(page, "utf-8")
    url = f"{site.origin}/{name}/"
    tab.goto(url)
    return Stage(tab, folder, url, runtime / files.script.path, source)


@pytest.fixture(scope="module")
def tab(browser: Chromium) -> Iterator[Tab]:
    """One tab; every test loads its page anew."""
    with browser.tab() as opened:
        yield opened
        assert not opened.errors


@pytest.fixture
def bare(site: Site, tab: Tab) -> Stage:
    """A page whose runtime script is not published yet."""
    return stage(site, tab, "bridge")


@pytest.fixture
def ready(bare: Stage) -> Stage:
    bare.publish()
    return bare


def test_create_answers_at_once_and_hands_its_texts_to_the_runtime(ready: Stage) -> None:
    code = 'url => { const h = create(url, \'{"backend":"wasm"}\'); return [h, bridge.TfjsBridge_State(h)]; }'
    handle, state = ready.tab.evaluate(code, "assets/hands/contract.json")
    assert handle > 0 and state == State.LOADING
    ready.settle(handle)
    created = ready.tab.evaluate("calls[0]")
    assert created == [handle, ready.contract, "abc123", '{"backend":"wasm"}', ready.script_url]


def test_models_share_one_script(ready: Stage) -> None:
    first, second = ready.create(), ready.create()
    ready.settle(first)
    ready.settle(second)
    third = ready.create()
    assert ready.state(third) == State.READY
    assert len({first, second, third}) == 3
    assert ready.tab.evaluate("[loads, document.querySelectorAll('script[data-tfjs-bridge]').length]") == [1, 1]


def test_a_runtime_that_is_there_already_is_used(bare: Stage) -> None:
    bare.tab.evaluate(f"() => {{ {RUNTIME % ABI_VERSION} }}")
    assert bare.state(bare.create()) == State.READY
    assert bare.tab.evaluate("document.querySelector('script[data-tfjs-bridge]')") is None
    assert bare.tab.evaluate("calls[0][4]") == bare.script_url


def test_a_handle_disposed_while_the_script_loads_is_never_created(ready: Stage) -> None:
    code = "url => { const h = create(url); bridge.TfjsBridge_Dispose(h); return [h, create(url)]; }"
    disposed, kept = ready.tab.evaluate(code, "assets/hands/contract.json")
    ready.settle(kept)
    assert ready.tab.evaluate("calls.filter(call => typeof call[0] === 'number').map(call => call[0])") == [kept]
    assert ready.state(disposed) == State.DISPOSED


def test_a_missing_script_fails_with_its_url_and_a_later_create_succeeds(bare: Stage) -> None:
    failed = bare.create()
    bare.settle(failed)
    assert bare.state(failed) == State.FAILED
    assert bare.tab.evaluate("h => bridge.TfjsBridge_ErrorCode(h)", failed) == RUNTIME_UNAVAILABLE.code
    assert bare.tab.evaluate("h => message(h)", failed).startswith(
        f"The runtime script {bare.script_url} did not load: the host answered with status 404. "
    )
    bare.publish()
    again = bare.create()
    bare.settle(again)
    assert bare.state(again) == State.READY
    assert bare.state(failed) == State.FAILED


def test_a_changed_script_is_refused(bare: Stage) -> None:
    bare.publish(bare.source + b" ")
    handle = bare.create()
    bare.settle(handle)
    assert bare.tab.evaluate("h => bridge.TfjsBridge_ErrorCode(h)", handle) == RUNTIME_UNAVAILABLE.code
    assert " did not load: the file is not the one that this game was built with. " in bare.tab.evaluate(
        "h => message(h)", handle
    )
    assert bare.tab.evaluate("typeof window.tfjsBridge") == "undefined"


def test_a_script_that_the_page_forbids_is_told_from_a_wrong_one(site: Site, tab: Tab) -> None:
    sources = f"'unsafe-inline' {site.origin}/forbidden/bridge.js"
    policy = f'<meta http-equiv="Content-Security-Policy" content="script-src {sources}">'
    page = stage(site, tab, "forbidden", base=policy)
    page.publish()
    handle = page.create()
    page.settle(handle)
    assert " did not load: the file is the right one, but this page does not allow it to run. " in tab.evaluate(
        "h => message(h)", handle
    )


def test_a_runtime_of_another_abi_is_refused(site: Site, tab: Tab) -> None:
    other = stage(site, tab, "other-abi", abi=99)
    other.publish()
    handle = other.create()
    other.settle(handle)
    assert tab.evaluate("h => bridge.TfjsBridge_ErrorCode(h)", handle) == ABI_MISMATCH.code
    other_abi, own = (
        "ABI 99 of the runtime that this page had already",
        f"ABI {ABI_VERSION} of the game's TfjsBridge.jslib",
    )
    message = tab.evaluate("h => message(h)", handle)
    assert message.startswith(f"{other_abi} does not fit {own}. ") and message.endswith(ABI_MISMATCH.next_step)


def test_a_relative_address_starts_at_the_document_whatever_its_base(site: Site, tab: Tab) -> None:
    page = stage(site, tab, "with-base", base='<base href="/elsewhere/">')
    page.publish()
    handle = page.create()
    page.settle(handle)
    assert tab.evaluate("calls[0][1]") == page.contract


def test_text_that_is_no_address_fails_like_a_missing_script(bare: Stage) -> None:
    handle = bare.create("http://")
    bare.settle(handle)
    assert bare.tab.evaluate("h => bridge.TfjsBridge_ErrorCode(h)", handle) == RUNTIME_UNAVAILABLE.code


def test_a_message_that_does_not_fit_says_how_much_it_needs(bare: Stage) -> None:
    handle = bare.create()
    bare.settle(handle)
    needed = bare.tab.evaluate("h => bridge.TfjsBridge_Message(h, 4096, 8)", handle)
    assert needed < -8
    assert bare.tab.evaluate("HEAPU8.slice(4096, 4104).every(byte => byte === 0)")
    written = bare.tab.evaluate(f"h => bridge.TfjsBridge_Message(h, 4096, {-needed})", handle)
    assert written == -needed


def test_arguments_are_forwarded_and_pointers_are_unsigned(ready: Stage) -> None:
    handle = ready.create()
    ready.settle(handle)
    ready.tab.evaluate(
        """h => { calls.length = 0; const b = bridge; b.TfjsBridge_SubmitPixels(h, -16, 4, 2, 1, 9);
        b.TfjsBridge_SubmitTexture(h, 3, 4, 2, 1, 9); b.TfjsBridge_SubmitCamera(h, 2, 9); b.TfjsBridge_Poll(h, -64, 64);
        b.TfjsBridge_Stats(h, -64, 52); b.TfjsBridge_Message(h, -64, 10); b.TfjsBridge_Progress(h);
        b.TfjsBridge_CameraOpen(h, 1, 640, 480, 90, 2); b.TfjsBridge_CameraMessage(h, -64, 10);
        b.TfjsBridge_CameraTexture(h, 3, 4, 2); b.TfjsBridge_CameraClose(h); b.TfjsBridge_Dispose(h); }""",
        handle,
    )
    assert ready.tab.evaluate("calls") == [
        ["submitPixels", 2**32 - 16, 4, 2, 1, 9],
        ["submitTexture", 3, 4, 2, 1, 9],
        ["submitCamera", 2, 9],
        ["poll", 2**32 - 64, 64],
        ["stats", 2**32 - 64, 52],
        ["message", 2**32 - 64, 10],
        ["progress"],
        ["camera.open", 1, 640, 480, 90, 2],
        ["camera.message", 2**32 - 64, 10],
        ["camera.texture", 3, 4, 2],
        ["camera.close"],
        ["dispose"],
    ]


def test_a_handle_that_is_gone_answers_like_an_unknown_one(ready: Stage) -> None:
    handle = ready.create()
    ready.settle(handle)
    answers = "h => [b => b.State(h), b => b.SubmitCamera(h, 0, 0), b => b.Poll(h, 0, 0), b => b.ErrorCode(h)]"
    named = "Object.fromEntries(Object.entries(bridge).map(([k, v]) => [k.replace('TfjsBridge_', ''), v]))"
    ready.tab.evaluate("h => bridge.TfjsBridge_Dispose(h)", handle)
    got = ready.tab.evaluate(f"h => ({answers})(h).map(ask => ask({named}))", handle)
    assert got == [State.DISPOSED, SubmitCode.NOT_READY, 0, 0]
    ready.tab.evaluate("h => bridge.TfjsBridge_Dispose(h)", handle)


def test_the_host_shows_the_heap_the_context_and_the_textures_of_the_moment(ready: Stage) -> None:
    ready.settle(ready.create())
    got = ready.tab.evaluate(
        """() => { const seen = [host.gl()]; const two = {}, one = {}, texture = {};
        GL.currentContext = { version: 1, GLctx: one }; seen.push(host.gl());
        GL.currentContext = { version: 2, GLctx: two }; seen.push(host.gl() === two);
        GL.textures[5] = texture; seen.push(host.texture(5) === texture, host.texture(0), host.texture(77));
        HEAPU8 = new Uint8Array(131072); seen.push(host.heap().length); return seen; }"""
    )
    assert got == [None, None, True, True, None, None, 131072]


@pytest.mark.parametrize(
    "table", ["var activeWebCams = { 4: { video: 'v4' }, 5: {} };", "var MediaDevices = [null, { video: 'v4' }];"]
)
def test_unitys_own_webcams_are_found(ready: Stage, table: str) -> None:
    ready.settle(ready.create())
    assert ready.tab.evaluate("host.cameras()") == []
    ready.tab.evaluate(f"() => {{ (0, eval)({table!r}); }}")
    assert ready.tab.evaluate("host.cameras()") == ["v4"]


def test_the_rendered_bridge_names_the_script_it_was_made_for(bare: Stage) -> None:
    named = re.findall(r"tfjs-bridge\.[0-9a-f]{12}\.js", (bare.folder / "bridge.js").read_text("utf-8"))
    assert set(named) == {bare.script.name}
