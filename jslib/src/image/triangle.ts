/**
 * The antialiased bilinear filter of Pillow and torchvision: a triangle that widens with the reduction, in two passes,
 * horizontal first, each rounded to 8 bits, with weights in fixed point. Equal to Pillow to the bit, but for the sizes at
 * which Pillow 13 and newer begin with the vertical pass to save time: there a few values differ by one.
 */
import type { Axis, Plan } from "./geometry";
import type { Raster } from "./raster";

const FRACTION_BITS = 22;
const ONE = 1 << FRACTION_BITS;
const HALF = 1 << (FRACTION_BITS - 1);

/** For each destination pixel i: `count[i]` source pixels from `first[i]` on, with the weights from `i * stride` on. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Pillow keeps the box in single precision, and the scale follows from that. */
function scaleOf(along: Axis): { low: number; scale: number } {
  const low = Math.fround(along.low);
  return { low, scale: Math.fround(Math.fround(along.high) - low) / along.size };
}

function tapsAlong(along: Axis): Taps {
  const { low, scale } = scaleOf(along);
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const taps = {
    first: new Int32Array(along.size),
    count: new Int32Array(along.size),
    weights: new Int32Array(along.size * stride),
    stride,
  };
  for (let i = 0; i < along.size; i++) fillTaps(taps, i, low + (i + 0.5) * scale, support, along.source);
  return taps;
}

function fillTaps(taps: Taps, i: number, centre: number, support: number, source: number): void {
  const first = Math.max(0, Math.trunc(centre - support + 0.5));
  const end = Math.min(source, Math.trunc(centre + support + 0.5));
  const weights = [];
  let sum = 0;
  for (let k = first; k < end; k++) {
    // Multiplied, not divided: the last bit counts.
    const weight = Math.max(0, 1 - Math.abs((k - centre + 0.5) * (1 / support)));
    weights.push(weight);
    sum += weight;
  }
  taps.first[i] = first;
  taps.count[i] = weights.length;
  taps.weights.set(weights.map((weight) => Math.trunc((weight / sum) * ONE + 0.5)), i * taps.stride);
}

/** Horizontal pass: `height` rows from `top` on of the source become as many rows of `taps.first.length` RGB pixels. */
function resizeRows(source: Raster, taps: Taps, top: number, height: number): Raster {
  const width = taps.first.length;
  const bytes = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const start = source.origin + (top + row) * source.dy;
    for (let i = 0; i < width; i++) {
      weigh(source.bytes, start + taps.first[i]! * source.dx, source.dx, taps, i, bytes, (row * width + i) * 3);
    }
  }
  return { bytes, origin: -top * width * 3, dx: 3, dy: width * 3 };
}

/** One pixel: the weighted sum of `taps.count[i]` pixels that lie `distance` bytes apart. */
function weigh(
  from: Uint8Array, at: number, distance: number, taps: Taps, i: number, to: Uint8Array, out: number,
): void {
  let red = HALF;
  let green = HALF;
  let blue = HALF;
  const end = i * taps.stride + taps.count[i]!;
  for (let k = i * taps.stride; k < end; k++, at += distance) {
    const weight = taps.weights[k]!;
    red += from[at]! * weight;
    green += from[at + 1]! * weight;
    blue += from[at + 2]! * weight;
  }
  to[out] = clampByte(red >> FRACTION_BITS);
  to[out + 1] = clampByte(green >> FRACTION_BITS);
  to[out + 2] = clampByte(blue >> FRACTION_BITS);
}

/** Rounded weights may add up to a little more than one. */
const clampByte = (value: number): number => (value > 255 ? 255 : value);

/** Fills the plan's rectangle of `target`, RGBA with `targetWidth` pixels a row. */
export function triangle(source: Raster, { x, y }: Plan, target: Uint8Array, targetWidth: number): void {
  const down = tapsAlong(y);
  const top = down.first[0]!;
  const bottom = down.first[y.size - 1]! + down.count[y.size - 1]!;
  const narrow = resizeRows(source, tapsAlong(x), top, bottom - top);
  for (let row = 0; row < y.size; row++) {
    const start = narrow.origin + down.first[row]! * narrow.dy;
    let out = ((y.start + row) * targetWidth + x.start) * 4;
    for (let i = 0; i < x.size; i++, out += 4) {
      weigh(narrow.bytes, start + i * narrow.dx, narrow.dy, down, row, target, out);
    }
  }
}
