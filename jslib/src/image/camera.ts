/**
 * The page's one camera: a second stream would mute the first on iOS. Models use it together; the first one's wish opens it,
 * the last one switches it off.
 */
import { CameraState } from "../generated/abi";
import type { CatalogueError } from "../generated/errors";
import { currentPage, type CameraPage } from "./camera-page";
import { devicesOf, failed, reasonOf, stopped, troubleOf, unplugged, type Trouble } from "./camera-trouble";

/** `facing` is a preference, and so are `width` and `height`, where 0 leaves them to the browser. */
export interface Wish {
  readonly facing: "user" | "environment";
  readonly width: number;
  readonly height: number;
}

interface Opened {
  readonly video: HTMLVideoElement;
  readonly tracks: readonly MediaStreamTrack[];
}

/** How often requests alone ask for a camera that went away. */
const RETRY_MS = 1000;
/** What a camera that is connected, or let go, may end. */
const WAITING_FOR_DEVICES: readonly number[] = [CameraState.UNPLUGGED, CameraState.NO_CAMERA, CameraState.IN_USE];

export const ANY: Wish = { facing: "user", width: 0, height: 0 };

export const hasFrame = (video: HTMLVideoElement): boolean =>
  video.readyState >= 2 /* HAVE_CURRENT_DATA */ && video.videoWidth > 0 && video.videoHeight > 0;

const equal = (a: Wish, b: Wish): boolean => a.facing === b.facing && a.width === b.width && a.height === b.height;

function constraintsOf({ facing, width, height }: Wish): MediaStreamConstraints {
  const size = { ...(width > 0 && { width: { ideal: width } }), ...(height > 0 && { height: { ideal: height } }) };
  return { video: { facingMode: { ideal: facing }, ...size }, audio: false };
}

export class Camera {
  private readonly users = new Set<object>();
  private wish = ANY;
  private opened: Opened | null = null;
  private trouble: Trouble | null = null;
  /** The attempt under way; what an older one brings is switched off. */
  private attempt: object | null = null;
  private triedAt = -Infinity;
  private listens = false;

  constructor(private readonly page: CameraPage = currentPage()) {}

  /** Opens it, or anew where the wish is another one or where it failed: the player may be asked again. */
  open(user: object, wish: Wish): void {
    this.users.add(user);
    this.look();
    if (!equal(wish, this.wish)) this.shut();
    if (this.opened || this.attempt) return;
    this.wish = wish;
    this.trouble = null;
    this.ask();
  }

  /** The video, if it has a frame. Opens it where nobody has, but asks nobody twice who refused. */
  video(user: object, wish: Wish): HTMLVideoElement | null {
    if (!this.users.has(user) && !this.opened && !this.attempt && !this.trouble) this.wish = wish;
    this.users.add(user);
    this.look();
    const isDue = this.trouble === null || (this.isUnplugged && this.page.now() - this.triedAt >= RETRY_MS);
    if (!this.opened && !this.attempt && isDue) this.ask();
    return this.state === CameraState.OPEN ? this.opened!.video : null;
  }

  /** Switched off when nobody uses it any more. */
  release(user: object): void {
    if (!this.users.delete(user) || this.users.size > 0) return;
    this.shut();
    this.trouble = null;
  }

  get state(): number {
    if (this.users.size === 0) return CameraState.CLOSED;
    if (this.wrong) return this.wrong.state;
    return this.opened && hasFrame(this.opened.video) ? CameraState.OPEN : CameraState.ASKING;
  }

  get error(): CatalogueError | null {
    return this.users.size === 0 ? null : (this.wrong?.error ?? null);
  }

  private get wrong(): Trouble | null {
    if (this.trouble || !this.opened) return this.trouble;
    const { video, tracks } = this.opened;
    return tracks.some(({ muted }) => muted) || (video.paused && hasFrame(video)) ? stopped() : null;
  }

  private get isUnplugged(): boolean {
    return this.trouble?.state === CameraState.UNPLUGGED;
  }

  /** Finds out what no event tells: a page that stops the track, a browser that pauses the video. */
  private look(): void {
    if (!this.opened) return;
    const { video, tracks } = this.opened;
    if (tracks.some(({ readyState }) => readyState === "ended")) this.lose();
    else if (video.paused && hasFrame(video)) void video.play().catch(() => undefined);
  }

  private lose(): void {
    this.shut();
    this.triedAt = -Infinity; // the next request is the first attempt
    this.trouble = unplugged();
  }

  private shut(): void {
    this.attempt = null;
    if (this.opened) switchOff(this.opened.tracks, this.opened.video);
    this.opened = null;
  }

  private ask(): void {
    this.triedAt = this.page.now();
    const devices = devicesOf(this.page);
    if ("error" in devices) {
      this.trouble = devices;
      return;
    }
    if (!this.listens) devices.addEventListener("devicechange", () => this.devicesChanged());
    this.listens = true;
    const attempt = (this.attempt = {});
    const isNewest = (): boolean => this.attempt === attempt;
    const asked = devices.getUserMedia(constraintsOf(this.wish));
    void asked.then((stream) => this.begin(stream, isNewest), (thrown: unknown) => this.refused(thrown, isNewest));
  }

  private devicesChanged(): void {
    const waits = this.trouble !== null && WAITING_FOR_DEVICES.includes(this.trouble.state);
    if (waits && this.users.size > 0 && !this.attempt) this.ask();
  }

  private async refused(thrown: unknown, isNewest: () => boolean): Promise<void> {
    const trouble = await troubleOf(thrown, this.page);
    if (!isNewest()) return;
    this.attempt = null;
    // Still the same story: the camera that was there has not come back yet.
    if (!this.isUnplugged || trouble.state !== CameraState.NO_CAMERA) this.trouble = trouble;
  }

  private async begin(stream: MediaStream, isNewest: () => boolean): Promise<void> {
    const tracks = stream.getTracks();
    if (!isNewest()) return switchOff(tracks);
    const video = this.page.document.createElement("video");
    for (const track of tracks) track.onended = () => this.lose();
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    this.opened = { video, tracks };
    this.trouble = this.attempt = null;
    await video.play().catch((thrown: unknown) => this.unplayable(video, thrown));
  }

  /** Not a refusal of the camera, though it has the same name; to switch off interrupts a play() that is under way. */
  private unplayable(video: HTMLVideoElement, thrown: unknown): void {
    if (this.opened?.video !== video) return;
    this.shut();
    this.trouble = failed(reasonOf(thrown));
  }
}

function switchOff(tracks: readonly MediaStreamTrack[], video?: HTMLVideoElement): void {
  for (const track of tracks) {
    track.onended = null;
    track.stop();
  }
  if (video) video.srcObject = null;
}
