/** The webcam's newest frame, straight from a video element: the game's own where it has one, else one opened here. */

export interface CameraFrame {
  /** RGBA, row 0 on top. Valid until the next call of `frame`. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What the camera needs of a page. */
export interface CameraPage {
  readonly document: Pick<Document, "createElement">;
  readonly mediaDevices: Pick<MediaDevices, "getUserMedia"> | undefined;
}

const CONSTRAINTS = { video: { facingMode: "user" }, audio: false } as const;

const currentPage = (): CameraPage => ({ document, mediaDevices: navigator.mediaDevices });

const hasFrame = (video: HTMLVideoElement): boolean =>
  video.readyState >= 2 /* HAVE_CURRENT_DATA */ && video.videoWidth > 0 && video.videoHeight > 0;

const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? [thrown.name, thrown.message].filter(Boolean).join(": ") : String(thrown);

export class Camera {
  private own: HTMLVideoElement | null = null;
  private tracks: MediaStreamTrack[] = [];
  private context: CanvasRenderingContext2D | null = null;
  private reason: string | null = null;
  private opened = false;
  private disposed = false;

  constructor(private readonly page: CameraPage = currentPage()) {}

  /** `candidates`: video elements of the webcams that the game itself has open. Null: no frame yet, or see `error`. */
  frame(candidates: readonly HTMLVideoElement[]): CameraFrame | null {
    if (this.disposed) return null;
    const playing = candidates.filter((video) => !video.paused && !video.ended);
    const ready = playing.find(hasFrame);
    if (ready) return this.read(ready);
    if (playing.length > 0) return null; // the game's own is starting
    this.open();
    return this.own && !this.reason && hasFrame(this.own) ? this.read(this.own) : null;
  }

  /** Why the camera cannot be had, as the reason of CAMERA_FAILED; null while nothing is wrong. */
  error(): string | null {
    return this.reason;
  }

  /** Switches off what was opened here; the game's own camera stays on. */
  dispose(): void {
    this.disposed = true;
    this.stop();
    this.context = null;
  }

  /** Asks for a camera, once: a user who refused is not asked again. */
  private open(): void {
    if (this.opened) return;
    this.opened = true;
    const devices = this.page.mediaDevices;
    if (!devices) {
      this.reason = "the page has no access to cameras (navigator.mediaDevices is missing)";
      return;
    }
    devices.getUserMedia(CONSTRAINTS).then((stream) => this.play(stream)).catch((thrown: unknown) => {
      this.reason = reasonOf(thrown);
      this.stop();
    });
  }

  private async play(stream: MediaStream): Promise<void> {
    this.tracks = stream.getTracks();
    if (this.disposed) return this.stop();
    for (const track of this.tracks) track.onended = () => this.lose();
    const video = this.page.document.createElement("video");
    this.own = video;
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    await video.play().catch((thrown: unknown) => {
      if (!this.disposed) throw thrown; // dispose interrupts a play() that is under way
    });
  }

  private lose(): void {
    this.reason = "the camera was unplugged or its permission withdrawn";
    this.stop();
  }

  private stop(): void {
    for (const track of this.tracks) {
      track.onended = null;
      track.stop();
    }
    this.tracks = [];
    if (this.own) this.own.srcObject = null;
    this.own = null;
  }

  private read(video: HTMLVideoElement): CameraFrame | null {
    const { videoWidth: width, videoHeight: height } = video;
    const context = this.surface(width, height);
    if (!context) return null;
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return { pixels: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), width, height };
  }

  /** The canvas for frames of this size. */
  private surface(width: number, height: number): CanvasRenderingContext2D | null {
    this.context ??= this.page.document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (!this.context) {
      this.reason = "the browser gives no 2D canvas";
      return null;
    }
    const { canvas } = this.context;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    return this.context;
  }
}
