"""The browser's camera through the player: what it plays, how it is looked at, and all that may be wrong with it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.abi import CameraFacing, CameraState, SourceFlags, SubmitCode
from builder.errors import (
    CAMERA_DENIED,
    CAMERA_IN_USE,
    CAMERA_NOT_IN_FRAME,
    CAMERA_STOPPED,
    CAMERA_UNPLUGGED,
    INSECURE_PAGE,
    NO_CAMERA,
    ErrorKind,
)
from builder.harness.camera import write_film
from builder.harness.serve import serve
from tests.e2e.browsing import Chromium, Site, chromium
from tests.e2e.game import MODES, Build, Game, Scores, add_model, playing, publish
from tests.e2e.hosting import Host, hosting
from tests.e2e.image_reference import Pixels

pytestmark = [pytest.mark.browser, pytest.mark.player]

FIELD = 80
WIDTH, HEIGHT = 640, 480
# A film has one colour sample for 2x2 pixels, in whole levels of a smaller range.
LEVELS = 6
TOLERANCE = 0.01
STRANGER = "game.example"
VIEWS = [(0, False), (90, False), (180, True), (270, False), (270, True)]
# Keeps the tracks and the wishes of the cameras that are opened.
OBSERVED = """game.tracks = []; game.wishes = [];
if (navigator.mediaDevices) {
  const media = navigator.mediaDevices, open = media.getUserMedia.bind(media);
  media.getUserMedia = async wanted => {
    game.wishes.push(wanted.video);
    if (game.refusal) throw new DOMException("of the test", game.refusal);
    const stream = await open(wanted);
    game.tracks.push(...stream.getTracks());
    return stream;
  };
}"""


def fields() -> Pixels:
    """[480, 640, 3]: 6x8 fields of one colour each, no two alike."""
    colours = np.random.default_rng(5).integers(20, 236, (HEIGHT // FIELD, WIDTH // FIELD, 3))
    return colours.astype(np.uint8).repeat(FIELD, 0).repeat(FIELD, 1)


def turned(picture: Pixels, rotation: int, mirror: bool) -> Pixels:
    """Clockwise by so many degrees, then left and right swapped."""
    upright: Pixels = np.rot90(picture, -rotation // 90)
    return upright[:, ::-1] if mirror else upright


@pytest.fixture(scope="module")
def build(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Its model looks at the middle of what it is given, so that the shape of that counts."""
    tree, work = tmp_path_factory.mktemp("camera-tree"), tmp_path_factory.mktemp("camera-model")
    model = add_model(tree, work, "Looks", fit="crop", format="graph")
    return Build(publish(site, tree, "camera", model.slug), model)


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Another origin, whose pages hold the game in a frame."""
    folder = tmp_path_factory.mktemp("portal")
    with serve(folder) as origin:
        yield Site(folder, origin)


@pytest.fixture(scope="module")
def stranger(build: Build) -> Iterator[str]:
    """The build's address on plain http, under a name that is no loopback's."""
    with hosting(Host(build.folder)) as origin:
        yield origin.replace("127.0.0.1", STRANGER)


@pytest.fixture(scope="module")
def filming(site: Site, around: Site, stranger: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser whose webcam plays `fields`."""
    film = write_film(fields(), tmp_path_factory.mktemp("film") / "fields.y4m")
    resolver = f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with chromium(site.origin, around.origin, stranger, camera=film, more=(resolver,)) as running:
        yield running


@pytest.fixture
def game(filming: Chromium, build: Build) -> Iterator[Game]:
    with watching(filming, build) as opened:
        yield opened


@contextmanager
def watching(browser: Chromium, build: Build, address: str = "") -> Iterator[Game]:
    with playing(browser, build.folder, "wasm", OBSERVED, address) as game:
        game.wait_until_ready()
        yield game


def open_camera(game: Game, rotation: int = 0, mirror: bool = False) -> None:
    """Opens the front camera and waits for its picture."""
    flags = SourceFlags.MIRROR if mirror else SourceFlags.NONE
    assert game.call("camera_open", CameraFacing.FRONT, 0, 0, rotation, flags) >= 0
    wait_for(game, CameraState.OPEN)


def wait_for(game: Game, state: CameraState) -> None:
    game.tab.wait_for(f"game.module._player_camera_state() === {state:d}")


def check(game: Game, state: CameraState, kind: ErrorKind, what: str) -> None:
    """The camera comes to `state` when the game asks for a picture, and says so to the game and to the page."""
    game.call("set_mode", MODES.index("camera"))
    game.call("submit_every", 1)
    wait_for(game, state)
    assert game.call("camera_error_code") == kind.code
    message = game.tab.evaluate("game.message('camera_message')")
    assert message.startswith(what) and message.endswith(kind.next_step), message
    shown = game.tab.evaluate("(({phase, error}) => [phase, error.id])(tfjsBridge.models[0].camera)")
    assert shown == [state.name.lower().replace("_", "-"), kind.id]
    game.tab.wait_for("game.module._player_submit_code() < 0")
    game.call("submit_every", 0)


def difference(scores: Scores, expected: Scores) -> float:
    return float(np.abs(scores - expected).max())


def test_a_turned_and_mirrored_camera_is_predicted_on_as_it_should_be_seen(game: Game, build: Build) -> None:
    expected = [build.model.expected(turned(fields(), *view)) for view in VIEWS]
    apart = [difference(a, b) for i, a in enumerate(expected) for b in expected[:i]]
    assert min(apart) > 3 * TOLERANCE  # or else this test could not tell them apart
    for view, scores in zip(VIEWS, expected, strict=True):
        open_camera(game, *view)
        assert difference(game.predict("camera"), scores) <= TOLERANCE, view
    # What is asked for with a picture comes on top of how the camera was opened.
    open_camera(game)
    mirrored = build.model.expected(turned(fields(), 0, True))
    assert difference(game.predict("camera", SourceFlags.MIRROR), mirrored) <= TOLERANCE
    assert game.tab.evaluate("game.wishes.length") == 1


def copied(game: Game, width: int, height: int, srgb: bool = False) -> Pixels:
    """What the camera is copied into: [height, width, 3], row 0 on top as it is seen."""
    game.call("camera_texture", width, height, srgb)
    game.tab.wait_for(f"game.module._player_camera_code() === {SubmitCode.ACCEPTED:d}")
    raw = base64.b64decode(game.tab.evaluate("size => game.cameraPixels(...size)", [width, height]))
    memory = np.frombuffer(raw, np.uint8).reshape(height, width, 4)
    assert (memory[..., 3] == 255).all()
    return memory[::-1, :, :3]  # OpenGL's first row is the lowest


def middles(picture: Pixels, columns: int, rows: int) -> Pixels:
    """The pixel in the middle of each field."""
    height, width, _ = picture.shape
    y = (np.arange(rows) * 2 + 1) * height // (2 * rows)
    x = (np.arange(columns) * 2 + 1) * width // (2 * columns)
    found: Pixels = picture[y][:, x]
    return found


def assert_shows(picture: Pixels, seen: Pixels) -> None:
    height, width, _ = seen.shape
    grid = (width // FIELD, height // FIELD)
    wrong = np.abs(middles(picture, *grid).astype(int) - middles(seen, *grid)).max()
    assert wrong <= LEVELS, wrong


@pytest.mark.parametrize("view", VIEWS[::2], ids=str)
def test_the_camera_comes_into_a_texture_upright_and_leaves_gl_state_alone(game: Game, view: tuple[int, bool]) -> None:
    seen = turned(fields(), *view)
    open_camera(game, *view)
    height, width, _ = seen.shape
    assert (game.call("camera_width"), game.call("camera_height")) == (width, height)
    assert_shows(copied(game, width, height), seen)
    game.call("hostile_state", 1)
    game.tab.evaluate("game.watch(true)")
    assert_shows(copied(game, width, height), seen)
    assert_shows(copied(game, width, height, srgb=True), seen)  # its bytes are those that were encoded
    assert_shows(copied(game, 256, 192), seen)
    game.frames(2)
    game.tab.evaluate("game.watch(false)")
    assert game.tab.evaluate("[game.differences, game.glErrors]") == [[], []]


def test_a_texture_that_is_none_is_refused_without_a_trace(game: Game) -> None:
    open_camera(game)
    game.tab.evaluate("game.watch(true)")
    game.call("camera_texture", 64, 64, 0)
    # Behind the game's back, as a texture that Unity has destroyed.
    game.tab.evaluate(
        "game.module.GL.textures.forEach((t, id) => { if (id) game.last = t; }), game.gl.deleteTexture(game.last)"
    )
    game.tab.wait_for(f"game.module._player_camera_code() === {SubmitCode.BAD_TEXTURE:d}")
    assert game.tab.evaluate("[game.differences, game.glErrors]") == [[], []]


def test_what_is_wished_for_is_asked_for(game: Game) -> None:
    game.call("camera_open", CameraFacing.BACK, 320, 240, 0, 0)
    wait_for(game, CameraState.OPEN)
    assert (game.call("camera_width"), game.call("camera_height")) == (320, 240)
    wish = {"facingMode": {"ideal": "environment"}, "width": {"ideal": 320}, "height": {"ideal": 240}}
    assert game.tab.evaluate("game.wishes") == [wish]
    open_camera(game)
    assert game.call("camera_width") == WIDTH
    assert game.tab.evaluate("game.tracks.map(track => track.readyState)") == ["ended", "live"]
    game.call("camera_close")
    assert game.call("camera_state") == CameraState.CLOSED
    assert game.tab.evaluate("game.tracks.every(track => track.readyState === 'ended')")


# As Unity's own script keeps it: the video of a WebCamTexture.
PLAYED_BY_UNITY = """async () => { const video = document.createElement('video');
video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
video.muted = true; await video.play(); globalThis.activeWebCams = { 1: { video } }; }"""


def test_the_games_own_webcam_is_looked_at_and_its_squashed_texture_fitted_by_the_videos_shape(
    game: Game, build: Build
) -> None:
    game.tab.evaluate(PLAYED_BY_UNITY)
    seen = build.model.expected(fields())
    assert difference(game.predict("camera"), seen) <= TOLERANCE
    squashed = np.asarray(Image.fromarray(fields()).resize((200, 480), Image.Resampling.BOX))
    game.show(squashed)
    as_it_lies = difference(game.predict("texture"), seen)
    by_its_shape = difference(game.predict("texture", SourceFlags.WEBCAM), seen)
    assert by_its_shape <= 2 * TOLERANCE < as_it_lies / 2
    assert game.tab.evaluate("game.wishes.length") == 1  # Unity's
    game.tab.evaluate("activeWebCams[1].video.pause()")
    assert game.call("camera_state") == CameraState.STOPPED
    assert game.tab.evaluate("game.wishes.length") == 1


def test_a_refusing_player_is_not_asked_twice(site: Site, build: Build) -> None:
    with (
        chromium(site.origin, more=("--use-fake-ui-for-media-stream=deny",)) as browser,
        watching(browser, build) as game,
    ):
        what = "The camera was refused: NotAllowedError: Permission denied. "
        check(game, CameraState.PERMISSION_DENIED, CAMERA_DENIED, what)
        assert game.call("submit_code") == SubmitCode.FAILED
        assert game.error()[1].startswith(what)  # also the model's newest error
        assert game.tab.evaluate("game.wishes.length") == 1
        game.call("camera_open", CameraFacing.FRONT, 0, 0, 0, 0)
        assert game.tab.evaluate("game.wishes.length") == 2
        wait_for(game, CameraState.PERMISSION_DENIED)


def test_a_computer_without_a_camera(site: Site, build: Build) -> None:
    nothing = "--use-fake-device-for-media-stream=device-count=0"
    with chromium(site.origin, more=(nothing,)) as browser, watching(browser, build) as game:
        check(game, CameraState.NO_CAMERA, NO_CAMERA, "There is no camera: NotFoundError: Requested device not found. ")
        game.tab.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        assert game.tab.evaluate("game.wishes.length") == 2  # one may have been connected
        wait_for(game, CameraState.NO_CAMERA)


def test_a_page_on_plain_http(filming: Chromium, build: Build, stranger: str) -> None:
    with watching(filming, build, f"{stranger}/?every=0") as game:
        what = f"The page {stranger} has no access to cameras, because it is not secure. "
        check(game, CameraState.INSECURE_PAGE, INSECURE_PAGE, what)


@contextmanager
def framed(browser: Chromium, build: Build, around: Site, attributes: str) -> Iterator[Game]:
    """The game in a frame of another origin's page."""
    url = f"{browser.origin}/camera/?every=0"
    (around.folder / "index.html").write_text(f'<!DOCTYPE html><iframe src="{url}" {attributes}></iframe>', "utf-8")
    with browser.tab() as tab:
        tab.before_scripts("globalThis.tfjsBridgeConfig = { softwareWebgl: true, backend: 'wasm' };")
        tab.before_scripts((Path(__file__).with_name("game.js")).read_text("utf-8") + OBSERVED)
        tab.goto(f"{around.origin}/index.html")
        tab.enter(url)
        game = Game(tab, build.folder)
        game.wait_until_ready()
        yield game


def test_a_frame_that_may_not_use_the_camera_is_told_from_a_player_who_refuses(
    filming: Chromium, build: Build, around: Site
) -> None:
    with framed(filming, build, around, "") as game:
        what = "The page around the game does not let it use the camera. "
        check(game, CameraState.NOT_ALLOWED_IN_FRAME, CAMERA_NOT_IN_FRAME, what)
        assert game.tab.evaluate("game.wishes") == []  # nobody was asked
    with framed(filming, build, around, 'allow="camera"') as game:
        open_camera(game)
        assert difference(game.predict("camera"), build.model.expected(fields())) <= TOLERANCE


@pytest.mark.parametrize("end", ["stop()", "dispatchEvent(new Event('ended'))"])
def test_a_camera_that_goes_away_comes_back(game: Game, build: Build, end: str) -> None:
    open_camera(game)
    game.tab.evaluate(f"game.refusal = 'NotFoundError', game.tracks[0].{end}")
    check(game, CameraState.UNPLUGGED, CAMERA_UNPLUGGED, "The camera went away while it was open. ")
    game.tab.wait_for("game.module._player_camera_state() && game.wishes.length === 3")  # asked for once a second
    game.tab.evaluate("game.refusal = null, navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    wait_for(game, CameraState.OPEN)
    assert game.call("camera_error_code") == 0
    assert difference(game.predict("camera"), build.model.expected(fields())) <= TOLERANCE


def test_a_camera_that_another_program_has(game: Game) -> None:
    game.tab.evaluate("game.refusal = 'NotReadableError'")
    check(
        game,
        CameraState.IN_USE,
        CAMERA_IN_USE,
        "The camera is there but does not start: NotReadableError: of the test. ",
    )
    game.tab.evaluate("game.refusal = null")
    open_camera(game)


def test_a_muted_camera_goes_on_by_itself(game: Game) -> None:
    open_camera(game)
    game.tab.evaluate("Object.defineProperty(game.tracks[0], 'muted', { get: () => !game.heard })")
    check(game, CameraState.STOPPED, CAMERA_STOPPED, "The camera sends no pictures for now. ")
    assert game.call("submit_code") == SubmitCode.NOT_READY
    game.tab.evaluate("game.heard = true")
    wait_for(game, CameraState.OPEN)
    assert game.tab.evaluate("game.wishes.length") == 1
