/** From the numbers of an image network to RGBA bytes, on the CPU; `shader.ts` does the same on the GPU. */
import { type Grid, stepsOf } from "./pixels";

/** The numbers that mean black and full: 0 and 1, 0 and 255, or -1 and 1. */
export interface OutputRange {
  readonly low: number;
  readonly high: number;
}

/** What the tasks know of colours: `bgr` where the network gives blue first. */
export interface Tones extends OutputRange {
  readonly bgr: boolean;
}

/** Throws the Error of a number that is none. */
export function refuseNumber(value: number, index: number): never {
  throw new Error(`number ${index} of its output is ${value}`);
}

/**
 * Scaled, clamped and rounded to the nearest level, half up; opaque. One channel becomes gray, of more than three the first
 * three count. `into` has `width * height * 4` bytes. Throws an Error for a number that is not finite.
 */
export function imageLevels(values: Float32Array, grid: Grid, { low, high, bgr }: Tones, into: Uint8Array): Uint8Array {
  const { pixel, next } = stepsOf(grid);
  const last = grid.channels < 3 ? 0 : 2 * next;
  const [red, green, blue] = [bgr ? last : 0, grid.channels < 3 ? 0 : next, bgr ? 0 : last];
  const scale = 255 / (high - low);
  const level = (at: number): number => {
    const value = values[at]!;
    if (!(Math.abs(value) < Infinity)) refuseNumber(value, at);
    const scaled = (value - low) * scale;
    return scaled <= 0 ? 0 : scaled >= 255 ? 255 : (scaled + 0.5) | 0;
  };
  for (let at = 0, out = 0; out < into.length; at += pixel, out += 4) {
    into[out] = level(at + red);
    into[out + 1] = level(at + green);
    into[out + 2] = level(at + blue);
    into[out + 3] = 255;
  }
  return into;
}

const CELLS = 16;

/** The mean of each of at most 16 x 16 parts of a plane, or of an RGBA picture's colours: what two backends find alike. */
export function means(values: ArrayLike<number>, { width, height }: { readonly width: number; readonly height: number }): Float32Array {
  const [columns, rows] = [Math.min(width, CELLS), Math.min(height, CELLS)];
  const each = values.length / (width * height);
  const [sums, counts] = [new Float32Array(columns * rows), new Float32Array(columns * rows)];
  for (let at = 0; at < values.length; at++) {
    if (at % each === 3) continue;
    const pixel = Math.floor(at / each);
    const cell = Math.floor((Math.floor(pixel / width) * rows) / height) * columns + Math.floor(((pixel % width) * columns) / width);
    sums[cell]! += values[at]!;
    counts[cell]! += 1;
  }
  return sums.map((sum, cell) => sum / counts[cell]!);
}
