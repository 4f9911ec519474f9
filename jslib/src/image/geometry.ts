/**
 * Where the pixels of the model's input come from. Image coordinates: row 0 is the top row, a pixel covers a unit square.
 *
 * Positions are kept as fractions of integers, because resizing often lands exactly between two pixels: floating point
 * would then fall to either side, and the CPU and the GPU to different ones.
 */
import type { Preprocess } from "../generated/contract";

/** One axis of the way from the source to the destination. */
export interface Axis {
  /** Pixels of the source along this axis. */
  readonly source: number;
  /** Destination pixels `start .. start + size` get the picture, those around them get the pad colour. */
  readonly start: number;
  readonly size: number;
  /** The centre of the destination pixel `start + i` lies at `(origin + (2i + 1) * step) / (2 * divisor)`. */
  readonly origin: number;
  readonly step: number;
  readonly divisor: number;
  /** The part of the source that is used: edges of the box. */
  readonly low: number;
  readonly high: number;
}

export interface Plan {
  readonly x: Axis;
  readonly y: Axis;
}

/** The proportions of what a picture shows; others than those of its pixels where it was squashed. */
export interface Shape {
  readonly width: number;
  readonly height: number;
}

type Fit = (pre: Preprocess, width: number, height: number, shape: Shape) => Plan;

function axis(source: number, start: number, size: number, origin: number, step: number, divisor: number): Axis {
  const low = origin / (2 * divisor);
  const high = (origin + 2 * size * step) / (2 * divisor);
  return { source, start, size, origin, step, divisor, low, high };
}

const whole = (source: number, start: number, size: number): Axis => axis(source, start, size, 0, source, size);

const stretch: Fit = (pre, width, height) => ({ x: whole(width, 0, pre.width), y: whole(height, 0, pre.height) });

/** The whole number that divides both without rest. */
const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b));

/** A cut along a shape that is `length` long, in the `source` pixels that it was squashed into. */
function cutAlong(source: number, length: number, size: number, excess: number, step: number, divisor: number): Axis {
  const unit = common(source, length);
  const [pixels, lengths] = [source / unit, length / unit];
  return axis(source, 0, size, excess * pixels, step * pixels, divisor * lengths);
}

/** The largest centred area that has the destination's aspect. */
const crop: Fit = (pre, width, height, shape) => {
  const excess = shape.width * pre.height - shape.height * pre.width;
  if (excess > 0) {
    const x = cutAlong(width, shape.width, pre.width, excess, shape.height, pre.height);
    return { x, y: whole(height, 0, pre.height) };
  }
  const y = cutAlong(height, shape.height, pre.height, -excess, shape.width, pre.width);
  return { x: whole(width, 0, pre.width), y };
};

/** `size * part / all` to the nearest pixel, half up, but never nothing. */
const scaled = (size: number, part: number, all: number): number => Math.max(1, Math.floor((size * part) / all + 0.5));

const centred = (source: number, room: number, size: number): Axis => whole(source, Math.floor((room - size) / 2), size);

/** The whole picture, as large as it fits, in the middle. */
const letterbox: Fit = (pre, width, height, shape) => {
  if (shape.width * pre.height > shape.height * pre.width) {
    return { x: whole(width, 0, pre.width), y: centred(height, pre.height, scaled(pre.width, shape.height, shape.width)) };
  }
  return { x: centred(width, pre.width, scaled(pre.height, shape.width, shape.height)), y: whole(height, 0, pre.height) };
};

const FITS: Record<Preprocess["fit"], Fit> = { stretch, crop, letterbox };

/** How a picture of `width` x `height` pixels (both > 0), and of another shape where it is squashed, is fitted to the model's input. */
export function plan(pre: Preprocess, width: number, height: number, shape: Shape | null = null): Plan {
  const isSquashed = shape !== null && shape.width * height !== shape.height * width;
  return FITS[pre.fit](pre, width, height, isSquashed ? lowest(shape) : { width, height });
}

/** Small numbers, since the shaders multiply them. */
function lowest({ width, height }: Shape): Shape {
  const unit = common(width, height);
  return { width: width / unit, height: height / unit };
}

/** The centre of destination pixel `start + i`, in units of `1 / (2 * divisor)`. */
export const centre = (along: Axis, i: number): number => along.origin + (2 * i + 1) * along.step;

/** Does the picture cover the whole of the destination? */
export const covers = (fitted: Plan, pre: Preprocess): boolean =>
  fitted.x.size === pre.width && fitted.y.size === pre.height;

/** The source rows or columns that the triangle filter reads: first, and one past the last. */
export function reach(along: Axis): { first: number; end: number } {
  const support = 2 * Math.max(along.step, along.divisor);
  const unit = 2 * along.divisor;
  const first = Math.floor((centre(along, 0) - support + along.divisor) / unit);
  const end = Math.floor((centre(along, along.size - 1) + support + along.divisor) / unit);
  return { first: Math.max(0, first), end: Math.min(along.source, end) };
}
