/** Every way in for a picture: checks what the game handed over, and brings it to the model's size as RGBA. */
import { SourceFlags, SubmitCode } from "./generated/abi";
import type { ModelSpec, Preprocess } from "./generated/contract";
import { CONTEXT_LOST, PREDICT_FAILED, type CatalogueError } from "./generated/errors";
import type { Host, PageImage } from "./api";
import { Failure } from "./failure";
import type { CameraUse } from "./image/camera-use";
import type { Shape } from "./image/geometry";
import { type Picture, pictureOf, Spares } from "./image/picture";
import { type Layout, resizePixels } from "./image/resize";
import { pixelsAt } from "./memory";
import type { Placement } from "./tasks";
import { keepsSize } from "./tasks/way";

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

type Blitters = Pick<PictureTools, "blitter">;

/** What belongs to one size of pictures as the network takes them. */
class Sized {
  readonly spares: Spares;
  private made: BlitterLike | null = null;

  constructor(
    readonly pre: Preprocess,
    private readonly tools: Blitters,
  ) {
    this.spares = new Spares(pre.width * pre.height * 4);
  }

  get blitter(): BlitterLike {
    return (this.made ??= this.tools.blitter(this.pre));
  }

  collect(): void {
    this.made?.collect();
  }

  get givenUp(): number {
    return this.made?.givenUp ?? 0;
  }

  dispose(): void {
    this.made?.dispose();
    this.made = null;
  }
}

/** Sizes that are kept: textures of a size that was forgotten and is still on its way would be lost. */
const SIZES = 16;

export class Pictures {
  /** By size, the one that was used last at the end; a single one unless pictures keep their size. */
  private readonly sizes = new Map<string, Sized>();

  constructor(
    private readonly model: ModelSpec,
    private readonly host: Host,
    private readonly tools: Blitters,
    private readonly camera: CameraLike,
  ) {}

  /** Gives up pictures that the GPU does not finish; belongs into every frame of the game. */
  collect(): void {
    this.sizes.forEach((sized) => sized.collect());
  }

  /** How many textures were waited for after all; see Blitter. */
  get givenUp(): number {
    return [...this.sizes.values()].reduce((sum, { givenUp }) => sum + givenUp, 0);
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
    const sized = this.sized(width, height);
    // Pictures that keep their size are not straightened either.
    const shape = has(flags, SourceFlags.WEBCAM) && !keepsSize(this.model) ? this.camera.shapeOfGames() : null;
    const taken = sized.blitter.blit(gl, texture, width, height, flags, shape);
    const placement = { ...(shape ?? { width, height }), mirror: has(flags, SourceFlags.MIRROR) };
    if (typeof taken !== "number") return { picture: taken, placement };
    return taken === SubmitCode.FAILED ? { code: taken, error: CONTEXT_LOST() } : { code: taken };
  }

  /** The webcam's newest picture, mirrored where the flags say so. The first call opens the camera. */
  fromCamera(flags: number): Taken {
    const taken = this.camera.picture(has(flags, SourceFlags.MIRROR));
    if ("code" in taken) return taken;
    const resized = this.resized(taken.pixels, taken.layout);
    return keepsSize(this.model) ? resized : { ...resized, placement: taken.placement };
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
    this.sizes.forEach((sized) => sized.dispose());
    this.sizes.clear();
  }

  /** What pictures of this size become. */
  private sized(width: number, height: number): Sized {
    const { preprocess } = this.model;
    const pre: Preprocess = keepsSize(this.model) ? { ...preprocess, width, height, fit: "stretch", filter: "nearest" } : preprocess;
    const key = `${pre.width}x${pre.height}`;
    const sized = this.sizes.get(key) ?? new Sized(pre, this.tools);
    this.sizes.delete(key);
    this.sizes.set(key, sized);
    if (this.sizes.size > SIZES) this.forgetOldest();
    return sized;
  }

  private forgetOldest(): void {
    const [oldest] = this.sizes.keys();
    this.sizes.get(oldest as string)?.dispose();
    this.sizes.delete(oldest as string);
  }

  private resized(pixels: Uint8Array, layout: Layout): Placed {
    const { width, height, mirror } = layout;
    const { pre, spares } = this.sized(width, height);
    const picture = pictureOf(resizePixels(pixels, layout, pre, spares.take()), spares);
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
