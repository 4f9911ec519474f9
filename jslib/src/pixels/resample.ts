/** From a plane over the network's input to one over the picture that was handed over: the way back through the fit. */
import type { Axis, Plan } from "../image/geometry";

/** What each pixel of the target takes from a plane: two neighbours, and the weight of the second. */
export interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Float32Array;
  /** Pixels of the target from `begin` to `end` lie in what the network saw; the others were cropped away. */
  readonly begin: number;
  readonly end: number;
}

const clamped = (index: number, size: number): number => (index < 0 ? 0 : index >= size ? size - 1 : index);

/**
 * Along one axis: `cells` of the plane cover the `room` pixels of the network's input; `size` pixels of the target cover
 * the whole source. Half-pixel centres, edges repeated.
 */
export function tapsAlong(along: Axis, room: number, cells: number, size: number): Taps {
  const { source, start, size: fitted, low, high } = along;
  const taps = { first: new Int32Array(size), second: new Int32Array(size), weight: new Float32Array(size) };
  let [begin, end] = [size, 0];
  for (let i = 0; i < size; i++) {
    const place = ((i + 0.5) * source) / size;
    if (place >= low && place <= high) [begin, end] = [Math.min(begin, i), i + 1];
    const cell = ((start + ((place - low) / (high - low)) * fitted) * cells) / room - 0.5;
    const first = Math.floor(cell);
    taps.first[i] = clamped(first, cells);
    taps.second[i] = clamped(first + 1, cells);
    taps.weight[i] = cell - first;
  }
  return { ...taps, begin, end };
}

/** The nearer of both neighbours, for what cannot be mixed. */
export const nearestOf = ({ first, second, weight }: Taps, i: number): number => (weight[i]! < 0.5 ? first[i]! : second[i]!);

/** A plane's size, that of the network's input, and that of the target. */
export interface Sizes {
  readonly plane: { readonly width: number; readonly height: number };
  readonly room: { readonly width: number; readonly height: number };
  readonly target: { readonly width: number; readonly height: number };
}

export interface Resampling {
  readonly x: Taps;
  readonly y: Taps;
  readonly sizes: Sizes;
}

/** The same for a target that has left and right swapped. */
const swapped = ({ first, second, weight, begin, end }: Taps): Taps => ({
  first: first.slice().reverse(),
  second: second.slice().reverse(),
  weight: weight.slice().reverse(),
  begin: first.length - end,
  end: first.length - begin,
});

/** `mirror`: the network saw the picture with left and right swapped, the target is as the picture was handed over. */
export function resamplingOf({ x, y }: Plan, sizes: Sizes, mirror: boolean): Resampling {
  const { plane, room, target } = sizes;
  const columns = tapsAlong(x, room.width, plane.width, target.width);
  return {
    x: mirror ? swapped(columns) : columns,
    y: tapsAlong(y, room.height, plane.height, target.height),
    sizes,
  };
}

/** Bilinear: `put(at, value)` for every pixel of the target that the network saw. `line` has room for a row of the plane. */
export function resampled(plane: Float32Array, { x, y, sizes }: Resampling, line: Float32Array, put: (at: number, value: number) => void): void {
  const { plane: { width }, target } = sizes;
  for (let row = y.begin; row < y.end; row++) {
    const [above, below, weight] = [y.first[row]! * width, y.second[row]! * width, y.weight[row]!];
    for (let i = 0; i < width; i++) line[i] = plane[above + i]! + (plane[below + i]! - plane[above + i]!) * weight;
    for (let i = x.begin, at = row * target.width + x.begin; i < x.end; i++, at++) {
      const left = line[x.first[i]!]!;
      put(at, left + (line[x.second[i]!]! - left) * x.weight[i]!);
    }
  }
}
