/** The CPU path: pixels of any size and order become the model's input size, as RGBA with row 0 on top. */
import type { Preprocess } from "../generated/contract";
import { type Axis, centre, covers, type Plan, plan } from "./geometry";
import { type Layout, type Raster, raster } from "./raster";
import { triangle } from "./triangle";

export type { Layout } from "./raster";

type Filter = (source: Raster, fitted: Plan, target: Uint8Array, targetWidth: number) => void;

/** The source pixel that holds the centre of each destination pixel. */
function nearestAlong(along: Axis): Int32Array {
  return Int32Array.from({ length: along.size }, (_, i) => Math.floor(centre(along, i) / (2 * along.divisor)));
}

const nearest: Filter = (source, { x, y }, target, targetWidth) => {
  const columns = nearestAlong(x).map((column) => column * source.dx);
  nearestAlong(y).forEach((line, row) => {
    const start = source.origin + line * source.dy;
    let out = ((y.start + row) * targetWidth + x.start) * 4;
    for (const column of columns) {
      target[out] = source.bytes[start + column]!;
      target[out + 1] = source.bytes[start + column + 1]!;
      target[out + 2] = source.bytes[start + column + 2]!;
      out += 4;
    }
  });
};

/** Two neighbours and the weight of the second, in parts of `2 * divisor`. */
interface Pair {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

function pairsAlong(along: Axis): Pair[] {
  const unit = 2 * along.divisor;
  const clamped = (pixel: number): number => Math.min(Math.max(pixel, 0), along.source - 1);
  return Array.from({ length: along.size }, (_, i) => {
    const position = centre(along, i) - along.divisor;
    const pixel = Math.floor(position / unit);
    return { first: clamped(pixel), second: clamped(pixel + 1), weight: position - pixel * unit };
  });
}

const bilinear: Filter = (source, { x, y }, target, targetWidth) => {
  const columns = pairsAlong(x);
  pairsAlong(y).forEach((lines, row) => {
    let out = ((y.start + row) * targetWidth + x.start) * 4;
    for (const pair of columns) {
      blend(source, pair, 2 * x.divisor, lines, 2 * y.divisor, target, out);
      out += 4;
    }
  });
};

/** One pixel from its four neighbours, exact: the sum is a whole number below 2^53. */
function blend(
  { bytes, origin, dx, dy }: Raster, x: Pair, unitX: number, y: Pair, unitY: number, target: Uint8Array, out: number,
): void {
  const above = origin + y.first * dy;
  const below = origin + y.second * dy;
  for (let channel = 0; channel < 3; channel++) {
    const left = x.first * dx + channel;
    const right = x.second * dx + channel;
    const upper = bytes[above + left]! * (unitX - x.weight) + bytes[above + right]! * x.weight;
    const lower = bytes[below + left]! * (unitX - x.weight) + bytes[below + right]! * x.weight;
    target[out + channel] = Math.floor((upper * (unitY - y.weight) + lower * y.weight) / (unitX * unitY) + 0.5);
  }
}

const FILTERS: Record<Preprocess["filter"], Filter> = { nearest, bilinear, triangle };

/** Makes all pixels opaque, and `padded` ones of the colour around a letterboxed picture. */
function clear(pixels: Uint8Array, pre: Preprocess, padded: boolean): void {
  pixels.fill(255);
  if (padded) for (let at = 0; at < pixels.length; at += 4) pixels.set(pre.pad, at);
}

/**
 * `src` holds `layout.width * layout.height * layout.bytesPerPixel` bytes; alpha is ignored. Fills
 * and returns `target`, `pre.width * pre.height * 4` bytes RGBA, row 0 on top, alpha 255.
 * `triangle` equals Pillow's `Image.resize(size, BILINEAR, box)`.
 */
export function resizePixels(src: Uint8Array, layout: Layout, pre: Preprocess, target: Uint8Array): Uint8Array {
  const fitted = plan(pre, layout.width, layout.height);
  clear(target, pre, !covers(fitted, pre));
  FILTERS[pre.filter](raster(src, layout), fitted, target, pre.width);
  return target;
}
