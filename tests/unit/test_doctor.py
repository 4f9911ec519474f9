"""`doctor`: each rule on a build made to break it, and a sound one that breaks none."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import pytest

from builder.cli import main
from tests.player.compress import compressed
from tests.verifying import FAKE_BUILD, Outcome

WASM, DATA, SCRIPT = b"\0asm" + bytes(600), b"UnityWebData1.0\0" + bytes(600), b"var unityFramework = 1;\n" * 50
PAGE = """<!DOCTYPE html><html><head><script src="Build/a.loader.js"></script></head><body><script>
var buildUrl = "Build";
var config = {dataUrl: buildUrl + "/a.data%(end)s", frameworkUrl: buildUrl + "/a.framework.js%(end)s",
  codeUrl: buildUrl + "/a.wasm%(end)s"};
createUnityInstance(document.querySelector("canvas"), config);</script>%(more)s</body></html>"""


def _packed(content: bytes, end: str) -> bytes:
    return compressed(content, "gzip" if end == ".gz" else "brotli") if end else content


def make(folder: Path, *, end: str = "", more: str = "", script: bytes = SCRIPT) -> Path:
    """A build whose files are packed as `end` says, with `more` in its page."""
    (folder / "Build").mkdir(parents=True)
    for name, content in {"data": DATA, "framework.js": script, "wasm": WASM}.items():
        (folder / "Build" / f"a.{name}{end}").write_bytes(_packed(content, end))
    (folder / "Build" / "a.loader.js").write_text("function createUnityInstance() {}")
    (folder / "index.html").write_text(PAGE % {"end": end, "more": more})
    return folder


def doctor(target: Path | str, *arguments: str) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    command = ["tfjs-for-unity", "doctor", str(target), *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch("sys.argv", command):
        try:
            main()
        except SystemExit as end:
            return Outcome(int(end.code or 0), out.getvalue(), err.getvalue())


def findings(target: Path | str, *arguments: str) -> dict[str, dict[str, str]]:
    """What is found, by rule."""
    outcome = doctor(target, "--json", *arguments)
    report = json.loads(outcome.out)
    assert outcome.code == (0 if report["passed"] else 1)
    return {each["rule"]: each for each in report["findings"]}


def errors(target: Path | str, *arguments: str) -> set[str]:
    return {rule for rule, each in findings(target, *arguments).items() if each["severity"] == "error"}


def test_a_sound_build_has_no_errors(tmp_path: Path) -> None:
    found = findings(make(tmp_path / "build"))
    assert set(found) == {"no-model", "size"}
    stored = sum(path.stat().st_size for path in (tmp_path / "build" / "Build").iterdir())
    assert f"{stored:,} bytes" in found["size"]["what"]
    outcome = doctor(tmp_path / "build", "--budget", "1kB")
    assert outcome.code == 1 and f"error over-budget: The build takes {stored:,} bytes" in outcome.out


def unlink(name: str) -> Callable[[Path], object]:
    return lambda build: (build / name).unlink()


def write(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda build: (build / name).write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (unlink("Build/a.wasm.gz"), "missing-file"),
        (lambda build: (build / "Build/a.wasm.gz").rename(build / "Build/A.wasm.gz"), "letter-case"),
        (write("Build/a.data.gz", b"<!DOCTYPE html><html>not found</html>"), "html-in-place"),
        (write("Build/a.data.gz", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), "lfs-pointer"),
        (write("Build/a.wasm.gz", WASM), "wrong-suffix"),
        (write("Build/a.data.gz", gzip.compress(b"UnityWebDaga" + bytes(600))), "damaged-file"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, spoil: Callable[[Path], object], rule: str) -> None:
    build = make(tmp_path / "build", end=".gz")
    assert errors(build) == set()
    spoil(build)
    assert rule in errors(build)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ('<meta http-equiv="Content-Security-Policy" content="script-src \'self\'">', "csp"),
        ('<iframe src="game.html"></iframe>', "camera"),
    ],
)
def test_what_the_page_forbids_is_an_error(tmp_path: Path, more: str, rule: str) -> None:
    script = SCRIPT + b"navigator.mediaDevices.getUserMedia"
    assert rule in errors(make(tmp_path / "bad", more=more, script=script))
    allowed = more.replace("'self'", "'self' 'wasm-unsafe-eval'").replace("<iframe", '<iframe allow="camera"')
    assert rule not in errors(make(tmp_path / "good", more=allowed, script=script))


def test_the_loader_of_2018_needs_blobs(tmp_path: Path) -> None:
    policy = "script-src 'self' 'unsafe-inline' 'unsafe-eval'"
    old = (
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<script>UnityLoader.instantiate("c", "Build/a.json")</script>'
    )
    build = make(tmp_path / "build")
    (build / "index.html").write_text(old)
    names = {"dataUrl": "a.data", "wasmCodeUrl": "a.wasm", "wasmFrameworkUrl": "a.framework.js"}
    (build / "Build" / "a.json").write_text(json.dumps(names))
    found = findings(build)
    assert "does not allow blob: in script-src" in found["csp"]["what"]
    (build / "index.html").write_text(old.replace("'self'", "'self' blob:"))
    assert errors(build) == set()


def test_threads_source_maps_and_other_hosts_are_named(tmp_path: Path) -> None:
    more = '<script src="https://cdn.example.com/x.js"></script>'
    build = make(tmp_path / "build", end=".br", more=more, script=SCRIPT + b"var PThread = {};")
    (build / "Build" / "a.symbols.json").write_text("{}")
    found = findings(build)
    assert {"isolation", "source-maps", "outside-hosts", "needs-content-encoding"} <= set(found)
    assert "cdn.example.com" in found["outside-hosts"]["what"]


@pytest.mark.parametrize(
    ("host", "rule", "line"),
    [
        ("netlify", "netlify-headers", "/Build/a.wasm.br\n  Content-Encoding: br\n  Content-Type: application/wasm"),
        ("nginx", "nginx-headers", "location ~ \\.wasm\\.br$ {"),
        ("s3", "s3-headers", "aws s3 cp 'Build/a.wasm.br' 's3://BUCKET/Build/a.wasm.br' --content-encoding br"),
        ("github-pages", "github-pages-encoding", ""),
        ("itch", "itch-encoding", ""),
    ],
)
def test_each_host_gets_its_lines(tmp_path: Path, host: str, rule: str, line: str) -> None:
    found = findings(make(tmp_path / "packed", end=".br"), "--host", host)
    assert line in found[rule]["fix"]
    assert rule not in findings(make(tmp_path / "plain"), "--host", host)


def test_names_with_an_underscore_need_nojekyll(tmp_path: Path) -> None:
    build = make(tmp_path / "build")
    (build / "_next").mkdir()
    (build / "_next" / "a.js").write_text("")
    assert "github-pages-jekyll" in errors(build, "--host", "github-pages")
    (build / ".nojekyll").write_text("")
    assert "github-pages-jekyll" not in errors(build, "--host", "github-pages")


def test_models_are_compared_with_their_contracts(tmp_path: Path) -> None:
    build = Path(shutil.copytree(FAKE_BUILD, tmp_path / "build"))
    assert "model-files" not in errors(build)
    (build / "StreamingAssets/tfjs-bridge/colors/weights.bin").write_bytes(bytes(16))
    assert "colors/weights.bin has another content" in findings(build)["model-files"]["what"]


def test_a_projects_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / "ProjectSettings").mkdir()
    settings = tmp_path / "ProjectSettings" / "ProjectSettings.asset"
    settings.write_text("PlayerSettings:\n  webGLCompressionFormat: 1\n  webGLDecompressionFallback: 0\n")
    assert findings(tmp_path)["project-encoding"]["severity"] == "warning"
    assert errors(tmp_path, "--host", "github-pages") == {"project-encoding"}
    settings.write_text("PlayerSettings:\n  webGLCompressionFormat: 1\n  webGLDecompressionFallback: 1\n")
    assert "project-encoding" not in findings(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--budget", "much"), "write it like 20MB."), (("--model", "a"), "--model goes with a URL")],
)
def test_bad_usage(tmp_path: Path, arguments: tuple[str, str], message: str) -> None:
    outcome = doctor(make(tmp_path / "build"), *arguments)
    assert outcome.code == 2 and message in outcome.err


# --- on a host ------------------------------------------------------------------------------------------------------


class _Host(SimpleHTTPRequestHandler):
    """Sends `said` with every file, and a page of HTML in place of what is missing if `single_page`."""

    def __init__(self, said: Mapping[str, str], single_page: bool, *arguments: object, directory: str) -> None:
        self.said, self.single_page = said, single_page
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]

    def end_headers(self) -> None:
        for name, value in self.said.items():
            self.send_header(name, value)
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if not self.single_page:
            super().send_error(code, message, explain)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><html></html>")

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@contextlib.contextmanager
def hosted(folder: Path, said: Mapping[str, str] | None = None, *, single_page: bool = False) -> Iterator[str]:
    handler = partial(_Host, said or {}, single_page, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_host_without_encodings_is_told_from_one_with_them(tmp_path: Path) -> None:
    build = make(tmp_path / "build", end=".br")
    with hosted(build) as url:
        assert errors(url) == {"no-content-encoding"}
    with hosted(build, {"Content-Encoding": "br"}) as url:
        assert "no-content-encoding" not in findings(url)


def test_pages_of_html_in_place_of_files_are_found_on_a_host(tmp_path: Path) -> None:
    build = Path(shutil.copytree(FAKE_BUILD, tmp_path / "build"))
    with hosted(build, single_page=True) as url:
        assert errors(url, "--model", "colors") == set()
        (build / "StreamingAssets/tfjs-bridge/colors/weights.bin").unlink()
        (build / "Build" / "fake.loader.js").unlink()
        found = findings(url, "--model", "colors")
    assert "instead of StreamingAssets/tfjs-bridge/colors/weights.bin comes" in found["model-files"]["what"]
    assert "html-in-place" in found


def test_isolation_and_camera_are_read_from_headers(tmp_path: Path) -> None:
    build = make(tmp_path / "build", script=SCRIPT + b"var PThread = {}; getUserMedia")
    with hosted(build, {"Permissions-Policy": "camera=()"}) as url:
        assert errors(url) == {"isolation", "camera"}
    isolated = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
    with hosted(build, isolated) as url:
        assert errors(url) == set()


def test_a_host_that_is_not_there(tmp_path: Path) -> None:
    with hosted(tmp_path) as url:
        pass
    assert errors(url) == {"no-page"}


def test_another_host_is_not_asked(tmp_path: Path) -> None:
    with hosted(make(tmp_path / "other")) as other:
        (tmp_path / "here").mkdir()

        class Moved(_Host):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", other)
                self.end_headers()

        with mock.patch(f"{__name__}._Host", Moved), hosted(tmp_path / "here") as url:
            assert "it leads to another host" in findings(url)["no-page"]["what"]
