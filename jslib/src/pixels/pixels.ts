/** What segmentation and image networks give: bytes, one a pixel (masks and label maps) or four (RGBA). */

export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 4;
  /** Row 0 on top. */
  readonly bytes: Uint8Array;
}

/** Where the numbers of an output [1, height, width, channels] or, with `planes`, [1, channels, height, width] lie. */
export interface Grid {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly planes: boolean;
}

const sized = (height: number | undefined, width: number | undefined, channels: number | undefined, planes: boolean): Grid =>
  ({ width: width as number, height: height as number, channels: channels as number, planes });

/** The grid of an output's shape; throws an Error where it is none. A shape of three axes is one channel. */
export function gridOf(shape: readonly number[], planes: boolean): Grid {
  const [batch, ...axes] = shape;
  if (batch !== 1 || axes.length < 2 || axes.length > 3) throw new Error(`its output [${shape.join(", ")}] is no picture`);
  if (axes.length === 2) return sized(axes[0], axes[1], 1, false);
  return planes ? sized(axes[1], axes[2], axes[0], true) : sized(axes[0], axes[1], axes[2], false);
}

/** Steps in memory: the number of `channel` at pixel `i` lies at `i * pixel + channel * next`. */
export const stepsOf = ({ width, height, channels, planes }: Grid): { pixel: number; next: number } =>
  planes ? { pixel: 1, next: width * height } : { pixel: channels, next: 1 };

/** Pixels in memory that is used again after `release`. */
export interface KeptPixels extends Pixels {
  release(): void;
}

/** Memory for results of one model, used again and again. */
export class PixelPool {
  private readonly free: Uint8Array[] = [];

  /** What lies in the bytes is arbitrary. */
  make(width: number, height: number, channels: 1 | 4): KeptPixels {
    const length = width * height * channels;
    const at = this.free.findIndex((bytes) => bytes.length === length);
    const bytes = (at < 0 ? undefined : this.free.splice(at, 1)[0]) ?? new Uint8Array(length);
    let held = true;
    const release = (): void => {
      if (held && this.free.push(bytes) > 2) this.free.shift();
      held = false;
    };
    return { width, height, channels, bytes, release };
  }
}
