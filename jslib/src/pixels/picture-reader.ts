/** From an image network's output to RGBA pixels, whichever backend computed it. */
import type { Output, Placement } from "../tasks/task";
import { imageLevels, means, type Tones } from "./levels";
import { gridOf, type KeptPixels, PixelPool } from "./pixels";

/** Swaps left and right of RGBA pixels where they lie. */
export function mirrorRows({ width, height, bytes }: KeptPixels): void {
  const pixels = new Uint32Array(bytes.buffer, bytes.byteOffset, width * height);
  for (let row = 0; row < height; row++) pixels.subarray(row * width, (row + 1) * width).reverse();
}

export class PictureReader {
  private readonly pool = new PixelPool();

  constructor(
    private readonly tones: Tones,
    private readonly planes: boolean,
  ) {}

  /** Of the network's own size. Throws an Error where the network gave what is no picture. */
  read({ shape, values, levels }: Output, { mirror }: Pick<Placement, "mirror">): KeptPixels {
    const grid = gridOf(shape, !levels && this.planes);
    const made = this.pool.make(grid.width, grid.height, 4);
    if (levels) this.copied(values, made.bytes);
    else if (values instanceof Float32Array) imageLevels(values, grid, this.tones, made.bytes);
    else throw new Error("its output is whole numbers");
    if (mirror) mirrorRows(made);
    return made;
  }

  /** What any backend must find alike. */
  compared(output: Output): Float32Array {
    const made = this.read(output, { mirror: false });
    const found = means(made.bytes, made);
    made.release();
    return found;
  }

  private copied(values: Output["values"], bytes: Uint8Array): void {
    for (let at = 3; at < values.length; at += 4) if (values[at] === 0) throw new Error(`its output at pixel ${at >> 2} is no number`);
    bytes.set(values);
  }
}
