/** Every way in for a picture: checks what the game handed over, and brings it to the model's size as RGBA. */
import { SourceFlags, SubmitCode } from "./generated/abi";
import type { Preprocess } from "./generated/contract";
import { CONTEXT_LOST, PREDICT_FAILED, type CatalogueError } from "./generated/errors";
import type { Host, PageImage } from "./api";
import { Failure } from "./failure";
import type { CameraUse } from "./image/camera-use";
import type { Shape } from "./image/geometry";
import { type Picture, pictureOf, Spares } from "./image/picture";
import { type Layout, resizePixels } from "./image/resize";
import { pixelsAt } from "./memory";
import type { Placement } from "./tasks";

/** Draws a texture at the model's size and reads it back; see image/blit. */
export interface BlitterLike {
  blit(
    gl: WebGL2RenderingContext, texture: WebGLTexture, width: number, height: number, flags: number, shape: Shape | null,
  ): Picture | number;
  collect(): void;
  readonly givenUp: number;
  dispose(): void;
}

/** The newest picture of a webcam; see image/camera-use. */
export type CameraLike = Pick<CameraUse, keyof CameraUse>;

export interface PictureTools {
  blitter(pre: Preprocess): BlitterLike;
  camera(host: Host): CameraLike;
}

/** A picture of the model's size, and what it was made of. */
export interface Placed {
  readonly picture: Picture;
  readonly placement: Placement;
}

/** The picture, or a SubmitCode, with the error behind it where there is one. */
export type Taken = Placed | { readonly code: number; readonly error?: CatalogueError };

/** Flags that each way in knows; any other is refused. */
export const KNOWN_FLAGS = {
  pixels: SourceFlags.TOP_ROW_FIRST | SourceFlags.MIRROR | SourceFlags.QUEUE | SourceFlags.RGB24,
  texture: SourceFlags.TOP_ROW_FIRST | SourceFlags.MIRROR | SourceFlags.LINEAR | SourceFlags.QUEUE | SourceFlags.WEBCAM,
  camera: SourceFlags.MIRROR | SourceFlags.QUEUE,
} as const;

const MAX_SIDE = 16384;
const isSide = (size: number): boolean => Number.isInteger(size) && size >= 1 && size <= MAX_SIDE;
const has = (flags: number, flag: number): boolean => (flags & flag) !== 0;

const BAD_TEXTURE: Taken = { code: SubmitCode.BAD_TEXTURE };

export class Pictures {
  private blitter: BlitterLike | null = null;
  private readonly spares: Spares;

  constructor(
    private readonly pre: Preprocess,
    private readonly host: Host,
    private readonly tools: Pick<PictureTools, "blitter">,
    private readonly camera: CameraLike,
  ) {
    this.spares = new Spares(pre.width * pre.height * 4);
  }

  /** Gives up pictures that the GPU does not finish; belongs into every frame of the game. */
  collect(): void {
    this.blitter?.collect();
  }

  /** How many textures were waited for after all; see Blitter. */
  get givenUp(): number {
    return this.blitter?.givenUp ?? 0;
  }

  /** Pixels in the game's heap; the resized copy no longer needs it. */
  fromHeap(pointer: number, width: number, height: number, flags: number): Taken {
    if (!isSide(width) || !isSide(height)) return BAD_TEXTURE;
    const bytesPerPixel = has(flags, SourceFlags.RGB24) ? 3 : 4;
    const pixels = pixelsAt(this.host.heap(), pointer, width * height * bytesPerPixel);
    if (!pixels) return BAD_TEXTURE;
    const topRowFirst = has(flags, SourceFlags.TOP_ROW_FIRST);
    return this.resized(pixels, { width, height, bytesPerPixel, topRowFirst, mirror: has(flags, SourceFlags.MIRROR) });
  }

  /** A texture of the game's own WebGL 2 context. */
  fromTexture(id: number, width: number, height: number, flags: number): Taken {
    const gl = this.host.gl();
    if (!gl) return { code: SubmitCode.NO_GL_CONTEXT };
    if (gl.isContextLost()) return { code: SubmitCode.FAILED, error: CONTEXT_LOST() };
    const texture = this.host.texture(id);
    if (!texture || !isSide(width) || !isSide(height)) return BAD_TEXTURE;
    this.blitter ??= this.tools.blitter(this.pre);
    const shape = has(flags, SourceFlags.WEBCAM) ? this.camera.shapeOfGames() : null;
    const taken = this.blitter.blit(gl, texture, width, height, flags, shape);
    const placement = { ...(shape ?? { width, height }), mirror: has(flags, SourceFlags.MIRROR) };
    if (typeof taken !== "number") return { picture: taken, placement };
    return taken === SubmitCode.FAILED ? { code: taken, error: CONTEXT_LOST() } : { code: taken };
  }

  /** The webcam's newest picture, mirrored where the flags say so. The first call opens the camera. */
  fromCamera(flags: number): Taken {
    const taken = this.camera.picture(has(flags, SourceFlags.MIRROR));
    return "code" in taken ? taken : { ...this.resized(taken.pixels, taken.layout), placement: taken.placement };
  }

  /** A picture of the page object. Throws a Failure that says what is wrong with it. */
  fromPage({ width, height, rgba }: PageImage): Placed {
    if (!isSide(width) || !isSide(height)) throw badPicture(`its size is ${width}x${height}`);
    const pixels = decoded(rgba);
    const expected = width * height * 4;
    if (pixels.length !== expected) throw badPicture(`it has ${pixels.length} bytes, not ${expected}`);
    return this.resized(pixels, { width, height, bytesPerPixel: 4, topRowFirst: true, mirror: false });
  }

  dispose(): void {
    this.blitter?.dispose();
    this.blitter = null;
  }

  private resized(pixels: Uint8Array, layout: Layout): Placed {
    const { width, height, mirror } = layout;
    const picture = pictureOf(resizePixels(pixels, layout, this.pre, this.spares.take()), this.spares);
    return { picture, placement: { width, height, mirror } };
  }
}

const badPicture = (why: string): Failure => new Failure(PREDICT_FAILED({ reason: `the picture is not usable, ${why}` }));

/** Once per byte, into one array: `Uint8Array.from` makes an object of each, 54 MB for 640x480. */
function decoded(base64: string): Uint8Array {
  const text = binary(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function binary(base64: string): string {
  try {
    return atob(base64);
  } catch {
    throw badPicture("it is not base64");
  }
}
