/** The camera as one model uses it: the game's own video where it has one, else the page's camera; and how it is looked at. */
import { CameraFacing, CameraState, SourceFlags, SubmitCode } from "../generated/abi";
import type { CatalogueError } from "../generated/errors";
import type { BridgeCamera, Host, PageCamera } from "../api";
import { writeText } from "../memory";
import type { Placement } from "../tasks";
import { ANY, hasFrame, type Camera, type Wish } from "./camera";
import { Surface, uprightSize, type Size, type View } from "./camera-surface";
import { stopped } from "./camera-trouble";
import type { Layout } from "./raster";
import { uploadImage } from "./upload";

/** Pixels valid until the next call. Places are told in the picture as the view shows it. */
export interface CameraPicture {
  readonly pixels: Uint8Array;
  readonly layout: Layout;
  readonly placement: Placement;
}

/** Why there is no picture: a SubmitCode, with the error behind it where something is wrong. */
export interface NoPicture {
  readonly code: number;
  readonly error?: CatalogueError;
}

const PHASES = Object.keys(CameraState).map((name) => name.toLowerCase().replace(/_/g, "-")) as PageCamera["phase"][];
const PLAIN: View = { rotation: 0, mirror: false };
const MAX_SIDE = 16384;
const isWish = (size: number): boolean => Number.isInteger(size) && size >= 0 && size <= MAX_SIDE;
const isRotation = (degrees: number): degrees is View["rotation"] => [0, 90, 180, 270].includes(degrees);
const isFacing = (facing: number): boolean => facing === CameraFacing.FRONT || facing === CameraFacing.BACK;

/** A video that shows a camera, or will: not one whose camera is gone. */
function isLive(video: HTMLVideoElement): boolean {
  const stream = video.srcObject as MediaStream | null;
  if (!stream?.getTracks) return !video.paused && !video.ended;
  return stream.getTracks().some(({ readyState }) => readyState === "live");
}

export class CameraUse implements BridgeCamera, PageCamera {
  private readonly surface: Surface;
  private view = PLAIN;
  private wish: Wish = ANY;
  private used = false;
  private disposed = false;

  constructor(
    private readonly camera: Camera,
    private readonly host: Host,
    document: Pick<Document, "createElement">,
  ) {
    this.surface = new Surface(document);
  }

  // --- the bridge ---

  open(facing: number, width: number, height: number, rotation: number, flags: number): number {
    const known = isFacing(facing) && isWish(width) && isWish(height) && (flags & ~SourceFlags.MIRROR) === 0;
    if (!known || !isRotation(rotation)) return SubmitCode.UNSUPPORTED;
    if (this.disposed) return CameraState.CLOSED;
    this.view = { rotation, mirror: (flags & SourceFlags.MIRROR) !== 0 };
    this.wish = { facing: facing === CameraFacing.BACK ? "environment" : "user", width, height };
    this.used = true;
    if (this.games().length === 0) this.camera.open(this, this.wish);
    return this.state();
  }

  /** To ask for the state goes on with what is under way, as to ask for a picture does. */
  state(): number {
    if (!this.used) return CameraState.CLOSED;
    const games = this.games();
    if (games.length === 0) {
      this.video();
      return this.camera.state;
    }
    if (games.some((video) => !video.paused && hasFrame(video))) return CameraState.OPEN;
    return games.every(({ paused }) => paused) ? CameraState.STOPPED : CameraState.ASKING;
  }

  errorCode(): number {
    return this.error?.code ?? 0;
  }

  message(dst: number, size: number): number {
    return writeText(this.host.heap(), dst, size, this.error?.message ?? "");
  }

  width(): number {
    return this.size.width;
  }

  height(): number {
    return this.size.height;
  }

  texture(id: number, width: number, height: number): number {
    const gl = this.host.gl();
    if (!gl) return SubmitCode.NO_GL_CONTEXT;
    if (gl.isContextLost()) return SubmitCode.FAILED;
    const texture = this.host.texture(id);
    if (!texture || !(width >= 1) || !(height >= 1)) return SubmitCode.BAD_TEXTURE;
    const video = this.video();
    if (!video) return this.nothing().code;
    const picture = this.surface.shaped(video, this.view, { width, height });
    return picture ? uploadImage(gl, texture, picture, width, height) : SubmitCode.FAILED;
  }

  close(): void {
    this.used = false;
    this.camera.release(this);
  }

  // --- the page ---

  get phase(): PageCamera["phase"] {
    return PHASES[this.state()]!;
  }

  get error(): CatalogueError | null {
    const state = this.state();
    if (state === CameraState.CLOSED) return null;
    return this.games().length === 0 ? this.camera.error : state === CameraState.STOPPED ? stopped().error : null;
  }

  /** Of an upright picture; 0x0 while there is none. */
  get size(): Size {
    const video = this.used ? this.video() : null;
    return video ? uprightSize(video, this.view) : { width: 0, height: 0 };
  }

  // --- the runtime ---

  /** The newest picture; `mirror` swaps left and right beside what `open` was told. The first call opens the camera. */
  picture(mirror: boolean): CameraPicture | NoPicture {
    const video = this.video();
    if (!video) return this.nothing();
    const pixels = this.surface.pixels(video);
    if (!pixels) return { code: SubmitCode.FAILED };
    const size = uprightSize(video, this.view);
    const isSwapped = this.view.mirror || mirror;
    const layout = { ...size, ...this.view, mirror: isSwapped, bytesPerPixel: 4, topRowFirst: true } as const;
    return { pixels, layout, placement: { ...size, mirror: isSwapped && !this.view.mirror } };
  }

  /** The shape of the game's own videos, where they all have the same; Unity's texture of it may be squashed. */
  shapeOfGames(): Size | null {
    const [first, ...others] = this.games().filter(hasFrame);
    if (!first) return null;
    const { videoWidth: width, videoHeight: height } = first;
    return others.every((video) => video.videoWidth * height === video.videoHeight * width) ? { width, height } : null;
  }

  /** Nothing opens it any more. */
  dispose(): void {
    this.disposed = true;
    this.close();
  }

  /** The video to look at, if it has a frame. */
  private video(): HTMLVideoElement | null {
    if (this.disposed) return null;
    this.used = true;
    const games = this.games();
    if (games.length === 0) return this.camera.video(this, this.wish);
    this.camera.release(this);
    return games.find((video) => !video.paused && hasFrame(video)) ?? null;
  }

  private games(): HTMLVideoElement[] {
    return this.host.cameras().filter(isLive);
  }

  /** What waits is worth another try at the next frame. */
  private nothing(): NoPicture {
    const { error } = this;
    const state = this.state();
    const waits = state === CameraState.ASKING || state === CameraState.STOPPED || state === CameraState.OPEN;
    if (waits) return { code: SubmitCode.NOT_READY };
    return error ? { code: SubmitCode.FAILED, error } : { code: SubmitCode.FAILED };
  }
}
