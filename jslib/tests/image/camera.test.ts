import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera, type CameraPage } from "../../src/image/camera";

type Ask = () => Promise<MediaStream>;

class FakeTrack {
  stopped = false;
  onended: (() => void) | null = null;
  stop(): void {
    this.stopped = true;
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

  get element(): HTMLVideoElement {
    return this as unknown as HTMLVideoElement;
  }
}

/** A page whose canvas answers with pixels that tell the video's size, and which keeps what was created. */
class FakePage {
  readonly videos: FakeVideo[] = [];
  readonly drawn: unknown[] = [];
  asked = 0;

  constructor(private readonly ask: Ask | null) {}

  get page(): CameraPage {
    const createElement = (name: string) => (name === "video" ? this.video() : this.canvas());
    const getUserMedia = () => {
      this.asked++;
      return this.ask!();
    };
    return {
      document: { createElement } as unknown as CameraPage["document"],
      mediaDevices: this.ask ? { getUserMedia } : undefined,
    };
  }

  private video(): FakeVideo {
    this.videos.push(new FakeVideo());
    return this.videos[this.videos.length - 1]!;
  }

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
/** Lets all promises that are settled run their continuations. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the game's own playing video is used, at its natural size, and no camera is opened", () => {
  const fake = new FakePage(() => Promise.reject(new Error("must not be asked")));
  const [stopped, game] = [new FakeVideo(), new FakeVideo().show(7, 5)];
  const camera = new Camera(fake.page);
  const frame = camera.frame([stopped.element, game.element]);
  assert.deepEqual(fake.drawn, [game]);
  assert.deepEqual([frame?.width, frame?.height, frame?.pixels.length, frame?.pixels[0]], [7, 5, 140, 7]);
  game.show(3, 2);
  assert.equal(camera.frame([game.element])?.pixels.length, 24);
  assert.equal(fake.asked, 0);
});

test("while the game's own video is starting there is no frame, and no second camera is opened", () => {
  const fake = new FakePage(() => Promise.reject(new Error("must not be asked")));
  const starting = new FakeVideo();
  starting.paused = false;
  assert.equal(new Camera(fake.page).frame([starting.element]), null);
  assert.equal(fake.asked, 0);
});

test("without a video of the game the camera is opened once, and its first frame awaited", async () => {
  const track = new FakeTrack();
  const fake = new FakePage(() => Promise.resolve(streamOf(track)));
  const camera = new Camera(fake.page);
  assert.equal(camera.frame([]), null);
  await settled();
  assert.equal(camera.frame([]), null);
  fake.videos[0]!.show(4, 3);
  assert.deepEqual(camera.frame([])?.pixels.length, 48);
  assert.equal(fake.asked, 1);
  assert.equal(camera.error(), null);
  camera.dispose();
  assert.ok(track.stopped);
  assert.equal(fake.videos[0]!.srcObject, null);
  assert.equal(camera.frame([new FakeVideo().show(4, 3).element]), null);
});

test("a refusal is told, and the user is not asked again", async () => {
  const fake = new FakePage(() => Promise.reject(new DOMException("Permission denied", "NotAllowedError")));
  const camera = new Camera(fake.page);
  camera.frame([]);
  await settled();
  assert.equal(camera.frame([]), null);
  assert.equal(camera.error(), "NotAllowedError: Permission denied");
  assert.equal(fake.asked, 1);
});

test("a page without cameras is told", () => {
  const camera = new Camera(new FakePage(null).page);
  assert.equal(camera.frame([]), null);
  assert.match(camera.error() ?? "", /mediaDevices is missing/);
});

test("a camera that arrives after dispose is switched off at once", async () => {
  const track = new FakeTrack();
  const fake = new FakePage(() => Promise.resolve(streamOf(track)));
  const camera = new Camera(fake.page);
  camera.frame([]);
  camera.dispose();
  await settled();
  assert.ok(track.stopped);
  assert.equal(fake.videos.length, 0);
  assert.equal(camera.error(), null);
});

test("a camera that goes away is told", async () => {
  const track = new FakeTrack();
  const fake = new FakePage(() => Promise.resolve(streamOf(track)));
  const camera = new Camera(fake.page);
  camera.frame([]);
  await settled();
  fake.videos[0]!.show(4, 3);
  track.onended!();
  assert.equal(camera.frame([]), null);
  assert.match(camera.error() ?? "", /unplugged/);
});

test("a camera that does not play is told and switched off", async () => {
  const track = new FakeTrack();
  const fake = new FakePage(() => Promise.resolve(streamOf(track)));
  const { page } = fake;
  const video = new FakeVideo();
  video.play = () => Promise.reject(new DOMException("blocked", "NotAllowedError"));
  const camera = new Camera({ ...page, document: { createElement: () => video } as unknown as CameraPage["document"] });
  camera.frame([]);
  await settled();
  assert.equal(camera.error(), "NotAllowedError: blocked");
  assert.ok(track.stopped);
});
