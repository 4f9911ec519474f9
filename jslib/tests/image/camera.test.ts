import assert from "node:assert/strict";
import { test } from "node:test";
import { CameraFacing, CameraState, SourceFlags, SubmitCode } from "../../src/generated/abi";
import { CAMERA_FAILED, CAMERA_NOT_IN_FRAME, CAMERA_STOPPED } from "../../src/generated/errors";
import { Camera } from "../../src/image/camera";
import type { CameraPage, Devices } from "../../src/image/camera-page";
import { CameraUse } from "../../src/image/camera-use";

type Ask = (wanted: MediaStreamConstraints) => Promise<MediaStream>;

const { MIRROR, NONE } = SourceFlags;
const { FRONT, BACK } = CameraFacing;
const NOBODY: Ask = () => Promise.reject(new Error("must not be asked"));

class FakeTrack {
  readyState = "live";
  muted = false;
  onended: (() => void) | null = null;
  stop(): void {
    this.readyState = "ended";
  }
}

class FakeVideo {
  paused = true;
  ended = false;
  readyState = 0;
  videoWidth = 0;
  videoHeight = 0;
  srcObject: unknown = null;

  async play(): Promise<void> {
    this.paused = false;
  }

  show(width: number, height: number): this {
    Object.assign(this, { paused: false, readyState: 4, videoWidth: width, videoHeight: height });
    return this;
  }

  of(...tracks: FakeTrack[]): this {
    this.srcObject = streamOf(...tracks);
    return this;
  }

  get element(): HTMLVideoElement {
    return this as unknown as HTMLVideoElement;
  }
}

/** A page whose canvas answers with pixels that tell the video's size, and which keeps what was created. */
class FakePage {
  readonly videos: FakeVideo[] = [];
  readonly drawn: unknown[] = [];
  readonly asked: MediaStreamConstraints[] = [];
  /** Video elements of the game itself. */
  games: FakeVideo[] = [];
  secure = true;
  framed = false;
  allowed: boolean | null = null;
  devices = ["videoinput"];
  clock = 0;
  video = (): FakeVideo => new FakeVideo();
  private plugged: () => void = () => undefined;
  private readonly camera: Camera;

  constructor(public ask: Ask | null) {
    this.camera = new Camera(this.page);
  }

  /** The page's camera as one more model uses it. */
  use(): CameraUse {
    const host = { heap: () => new Uint8Array(0), gl: () => null, texture: () => null };
    const cameras = () => this.games.map((video) => video.element);
    return new CameraUse(this.camera, { ...host, cameras }, { createElement: this.create } as unknown as Document);
  }

  /** A camera was connected. */
  plug(): void {
    this.plugged();
  }

  private get page(): CameraPage {
    const outer = this;
    const devices = {
      getUserMedia: (wanted: MediaStreamConstraints) => {
        this.asked.push(wanted);
        return this.ask!(wanted);
      },
      enumerateDevices: async () => this.devices.map((kind) => ({ kind })),
      addEventListener: (_: string, listener: () => void) => (this.plugged = listener),
    } as unknown as Devices;
    return {
      document: { createElement: this.create } as unknown as CameraPage["document"],
      get mediaDevices() {
        return outer.ask ? devices : undefined;
      },
      get secure() {
        return outer.secure;
      },
      get framed() {
        return outer.framed;
      },
      origin: "http://game.example",
      allowed: () => this.allowed,
      now: () => this.clock,
    };
  }

  private readonly create = (name: string): unknown => {
    if (name !== "video") return this.canvas();
    this.videos.push(this.video());
    return this.videos.at(-1);
  };

  private canvas(): unknown {
    const canvas = { width: 300, height: 150 };
    const getImageData = (x: number, y: number, width: number, height: number) => {
      assert.deepEqual([x, y, canvas.width, canvas.height], [0, 0, width, height]);
      return { data: new Uint8ClampedArray(width * height * 4).fill(width) };
    };
    const drawImage = (video: unknown) => this.drawn.push(video);
    return { getContext: () => ({ canvas, drawImage, getImageData }) };
  }
}

const streamOf = (...tracks: FakeTrack[]): MediaStream => ({ getTracks: () => tracks }) as unknown as MediaStream;
const refusing = (name: string, message = "no"): Ask => () => Promise.reject(new DOMException(message, name));
/** Lets all promises that are settled run their continuations. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A page with one camera, its track and the camera in use, which has shown a picture of 4x3. */
async function running(): Promise<{ page: FakePage; track: FakeTrack; camera: CameraUse }> {
  const track = new FakeTrack();
  const page = new FakePage(() => Promise.resolve(streamOf(track)));
  const camera = page.use();
  camera.picture(false);
  await settled();
  page.videos[0]!.show(4, 3);
  assert.equal(camera.state(), CameraState.OPEN);
  return { page, track, camera };
}

/** What a camera comes to that is asked for on `page`. */
async function outcome(page: FakePage): Promise<{ camera: CameraUse; state: number; message: string }> {
  const camera = page.use();
  assert.equal(camera.state(), CameraState.CLOSED);
  camera.picture(false);
  await settled();
  return { camera, state: camera.state(), message: camera.error?.message ?? "" };
}

function sizeOf(camera: CameraUse): [number, number, number] | number {
  const taken = camera.picture(false);
  return "code" in taken ? taken.code : [taken.layout.width, taken.layout.height, taken.pixels.length];
}

test("the game's own playing video is used, at its natural size, and no camera is opened", () => {
  const page = new FakePage(NOBODY);
  const [paused, game] = [new FakeVideo(), new FakeVideo().show(7, 5)];
  page.games = [paused, game];
  const camera = page.use();
  assert.deepEqual(sizeOf(camera), [7, 5, 140]);
  assert.deepEqual(page.drawn, [game]);
  game.show(3, 2);
  assert.deepEqual(sizeOf(camera), [3, 2, 24]);
  assert.equal(camera.open(BACK, 640, 480, 90, MIRROR), CameraState.OPEN);
  assert.deepEqual([camera.width(), camera.height(), camera.phase, page.asked.length], [2, 3, "open", 0]);
});

test("while the game's own video is starting there is no frame, and no second camera is opened", () => {
  const page = new FakePage(NOBODY);
  page.games = [Object.assign(new FakeVideo(), { paused: false })];
  const camera = page.use();
  assert.equal(sizeOf(camera), SubmitCode.NOT_READY);
  assert.deepEqual([camera.state(), page.asked.length], [CameraState.ASKING, 0]);
});

test("a camera that the game has paused is stopped, and not opened a second time", () => {
  const page = new FakePage(NOBODY);
  const game = new FakeVideo().show(4, 3).of(new FakeTrack());
  page.games = [game];
  const camera = page.use();
  game.paused = true;
  assert.equal(sizeOf(camera), SubmitCode.NOT_READY);
  assert.deepEqual([camera.state(), camera.errorCode()], [CameraState.STOPPED, CAMERA_STOPPED().code]);
  game.paused = false;
  assert.deepEqual([camera.state(), camera.errorCode(), page.asked.length], [CameraState.OPEN, 0, 0]);
});

test("a camera of the game that is gone is replaced, and one that comes replaces the page's", async () => {
  const { page, track, camera } = await running();
  const theirs = new FakeTrack();
  page.games = [new FakeVideo().show(8, 6).of(theirs)];
  assert.deepEqual(sizeOf(camera), [8, 6, 192]);
  assert.equal(track.readyState, "ended");
  theirs.stop();
  assert.equal(sizeOf(camera), SubmitCode.NOT_READY);
  assert.equal(page.asked.length, 2);
});

test("without a video of the game the camera is opened once, and its first frame awaited", async () => {
  const track = new FakeTrack();
  const page = new FakePage(() => Promise.resolve(streamOf(track)));
  const camera = page.use();
  assert.equal(sizeOf(camera), SubmitCode.NOT_READY);
  assert.equal(camera.state(), CameraState.ASKING);
  await settled();
  assert.equal(sizeOf(camera), SubmitCode.NOT_READY);
  page.videos[0]!.show(4, 3);
  assert.deepEqual(sizeOf(camera), [4, 3, 48]);
  assert.deepEqual(page.asked, [{ video: { facingMode: { ideal: "user" } }, audio: false }]);
  assert.deepEqual([camera.state(), camera.error], [CameraState.OPEN, null]);
  camera.dispose();
  assert.equal(track.readyState, "ended");
  assert.equal(page.videos[0]!.srcObject, null);
  page.games = [new FakeVideo().show(4, 3)];
  assert.equal(sizeOf(camera), SubmitCode.FAILED);
});

test("what is wished for is asked for, and another wish opens another camera", async () => {
  const { page, track, camera } = await running();
  assert.equal(camera.open(FRONT, 0, 0, 0, NONE), CameraState.OPEN);
  assert.equal(page.asked.length, 1);
  assert.equal(camera.open(BACK, 1280, 720, 0, NONE), CameraState.ASKING);
  assert.equal(track.readyState, "ended"); // phones open one at a time
  const video = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
  assert.deepEqual(page.asked[1], { video, audio: false });
});

test("a view turns and mirrors the pictures of one model, and touches no other", async () => {
  const { page, camera } = await running();
  const other = page.use();
  camera.open(FRONT, 0, 0, 270, MIRROR);
  const taken = camera.picture(false);
  assert.ok("layout" in taken);
  assert.deepEqual(taken.layout, { width: 3, height: 4, rotation: 270, mirror: true, bytesPerPixel: 4, topRowFirst: true });
  assert.deepEqual([sizeOf(other), page.asked.length], [[4, 3, 48], 1]);
});

test("what does not exist is refused", () => {
  const page = new FakePage(NOBODY);
  const camera = page.use();
  const wrong = [[2, 0, 0, 0, 0], [0, -1, 0, 0, 0], [0, 0, 1.5, 0, 0], [0, 0, 0, 45, 0], [0, 0, 0, 0, SourceFlags.QUEUE]];
  for (const given of wrong as [number, number, number, number, number][]) assert.equal(camera.open(...given), SubmitCode.UNSUPPORTED);
  assert.equal(camera.state(), CameraState.CLOSED);
});

test("models share one camera, and the last one switches it off", async () => {
  const { page, track, camera } = await running();
  const other = page.use();
  assert.deepEqual(sizeOf(other), [4, 3, 48]);
  camera.close();
  assert.deepEqual([camera.state(), other.state(), track.readyState], [CameraState.CLOSED, CameraState.OPEN, "live"]);
  other.close();
  assert.equal(track.readyState, "ended");
  assert.equal(sizeOf(camera), SubmitCode.NOT_READY); // opens it anew
  assert.equal(page.asked.length, 2);
});

const REFUSALS = [
  ["NotAllowedError", CameraState.PERMISSION_DENIED, "The camera was refused: NotAllowedError: no. "],
  ["NotFoundError", CameraState.NO_CAMERA, "There is no camera: NotFoundError: no. "],
  ["NotReadableError", CameraState.IN_USE, "The camera is there but does not start: NotReadableError: no. "],
  ["AbortError", CameraState.FAILED, "The camera could not be opened: AbortError: no. "],
] as const;
for (const [name, expected, text] of REFUSALS) {
  test(`${name} is told, and nobody is asked again but by Open`, async () => {
    const page = new FakePage(refusing(name));
    const { camera, state, message } = await outcome(page);
    assert.deepEqual([state, message.slice(0, text.length)], [expected, text]);
    assert.equal(sizeOf(camera), SubmitCode.FAILED);
    page.clock = 60_000;
    assert.deepEqual([sizeOf(camera), page.asked.length], [SubmitCode.FAILED, 1]);
    page.ask = () => Promise.resolve(streamOf(new FakeTrack()));
    assert.equal(camera.open(FRONT, 0, 0, 0, NONE), CameraState.ASKING);
    await settled();
    page.videos[0]!.show(4, 3);
    assert.deepEqual([camera.state(), camera.errorCode()], [CameraState.OPEN, 0]);
  });
}

test("pages without cameras, secure or not", async () => {
  const page = new FakePage(null);
  assert.match((await outcome(page)).message, /mediaDevices is missing/);
  const insecure = new FakePage(null);
  insecure.secure = false;
  const { state, message } = await outcome(insecure);
  assert.equal(state, CameraState.INSECURE_PAGE);
  assert.match(message, /^The page http:\/\/game\.example has no access to cameras, because it is not secure\. /);
});

test("a frame without the right to cameras is told from a refusal, by the policy or by the missing devices", async () => {
  const forbidden = new FakePage(NOBODY);
  forbidden.allowed = false;
  assert.equal((await outcome(forbidden)).state, CameraState.NOT_ALLOWED_IN_FRAME);
  assert.equal(forbidden.asked.length, 0);
  const silent = new FakePage(refusing("NotAllowedError"));
  Object.assign(silent, { framed: true, devices: ["audioinput"] });
  assert.equal((await outcome(silent)).camera.errorCode(), CAMERA_NOT_IN_FRAME().code);
  const refused = new FakePage(refusing("NotAllowedError"));
  refused.framed = true;
  assert.equal((await outcome(refused)).state, CameraState.PERMISSION_DENIED);
});

test("a camera that arrives after dispose, or after another wish, is switched off at once", async () => {
  const tracks = [new FakeTrack(), new FakeTrack(), new FakeTrack()];
  const page = new FakePage(() => Promise.resolve(streamOf(tracks[page.asked.length - 1]!)));
  const camera = page.use();
  camera.picture(false);
  camera.open(BACK, 0, 0, 0, NONE);
  await settled();
  assert.deepEqual([tracks[0]!.readyState, tracks[1]!.readyState, page.videos.length], ["ended", "live", 1]);
  camera.open(FRONT, 0, 0, 0, NONE);
  camera.dispose();
  await settled();
  assert.deepEqual([page.videos.length, camera.error, camera.state()], [1, null, CameraState.CLOSED]);
  assert.deepEqual(tracks.map(({ readyState }) => readyState), ["ended", "ended", "ended"]);
});

for (const [how, end] of [
  ["by its event", (track: FakeTrack) => track.onended!()],
  ["without an event", (track: FakeTrack) => track.stop()],
] as const) {
  test(`a camera that goes away ${how} is told, and asked for by the next requests, once a second`, async () => {
    const { page, track, camera } = await running();
    page.ask = refusing("NotFoundError");
    page.clock = 5000;
    end(track);
    assert.equal(camera.state(), CameraState.UNPLUGGED);
    await settled();
    assert.deepEqual([sizeOf(camera), camera.phase, page.asked.length], [SubmitCode.FAILED, "unplugged", 2]);
    page.clock += 999;
    camera.state();
    assert.equal(page.asked.length, 2);
    page.clock += 1;
    page.ask = () => Promise.resolve(streamOf(new FakeTrack()));
    assert.equal(camera.state(), CameraState.UNPLUGGED);
    await settled();
    page.videos[1]!.show(8, 6);
    assert.deepEqual([sizeOf(camera), page.asked.length], [[8, 6, 192], 3]);
  });
}

test("a camera that is connected is opened, and by no more than one attempt at a time", async () => {
  const page = new FakePage(refusing("NotFoundError"));
  const { camera } = await outcome(page);
  page.ask = () => Promise.resolve(streamOf(new FakeTrack()));
  page.plug();
  page.plug();
  await settled();
  page.videos[0]!.show(4, 3);
  assert.deepEqual([camera.state(), page.asked.length], [CameraState.OPEN, 2]);
  camera.close();
  page.plug();
  assert.equal(page.asked.length, 2);
});

test("a permission that was withdrawn is a refusal", async () => {
  const { page, track, camera } = await running();
  page.ask = refusing("NotAllowedError");
  track.onended!();
  camera.state();
  await settled();
  assert.equal(camera.state(), CameraState.PERMISSION_DENIED);
  page.clock = 60_000;
  assert.deepEqual([camera.state(), page.asked.length], [CameraState.PERMISSION_DENIED, 2]);
});

test("a camera that is muted, or a video that was paused, is stopped until it goes on", async () => {
  const { page, track, camera } = await running();
  track.muted = true;
  assert.deepEqual([sizeOf(camera), camera.state()], [SubmitCode.NOT_READY, CameraState.STOPPED]);
  track.muted = false;
  assert.deepEqual(sizeOf(camera), [4, 3, 48]);
  const video = page.videos[0]!;
  video.play = async () => undefined;
  video.paused = true;
  assert.equal(sizeOf(camera), SubmitCode.NOT_READY);
  video.play = FakeVideo.prototype.play;
  camera.state();
  assert.deepEqual([sizeOf(camera), page.asked.length], [[4, 3, 48], 1]);
});

test("a camera that does not play is told and switched off", async () => {
  const track = new FakeTrack();
  const page = new FakePage(() => Promise.resolve(streamOf(track)));
  page.video = () => Object.assign(new FakeVideo(), { play: refusing("NotAllowedError", "blocked") });
  const { camera, state } = await outcome(page);
  assert.equal(state, CameraState.FAILED);
  assert.deepEqual(camera.error, CAMERA_FAILED({ reason: "NotAllowedError: blocked" }));
  assert.equal(track.readyState, "ended");
});

test("a game without a WebGL 2 context gets no texture", () => {
  assert.equal(new FakePage(NOBODY).use().texture(1, 4, 3), SubmitCode.NO_GL_CONTEXT);
});
