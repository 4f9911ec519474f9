/** From a segmentation network's numbers to a mask, a soft alpha or a label map over the picture that was handed over. */
import { plan } from "../image/geometry";
import type { Preprocess } from "../generated/contract";
import { refuseNumber } from "./levels";
import { type Grid, gridOf, type Pixels, stepsOf } from "./pixels";
import { nearestOf, resampled, resamplingOf, type Resampling } from "./resample";

/** In label maps: what the network did not see, or where no class reaches the threshold. */
export const NO_LABEL = 255;

export interface SegmentationTask {
  /** `mask`: 255 where the score of `channel` reaches `threshold`, else 0. `alpha`: that score. `labels`: the best class. */
  readonly result: "mask" | "alpha" | "labels";
  readonly activation: "none" | "sigmoid" | "softmax";
  /** The class of masks and alphas. */
  readonly channel: number;
  /** 0..1 */
  readonly threshold: number;
  /** The result's size; 0: that of the picture. */
  readonly width: number;
  readonly height: number;
}

type Size = { readonly width: number; readonly height: number };

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** The probability of one class among those of a pixel, from `at` on. */
function share(values: Float32Array, at: number, channel: number, channels: number, next: number): number {
  let sum = 0;
  const own = values[at + channel * next]!;
  for (let i = 0; i < channels; i++) sum += Math.exp(values[at + i * next]! - own);
  return 1 / sum;
}

/** The scores of one class, 0..1, into `plane`. Throws an Error for a number that is none. */
export function scoresOf(values: Float32Array, grid: Grid, { activation, channel }: SegmentationTask, plane: Float32Array): Float32Array {
  const { pixel, next } = stepsOf(grid);
  for (let i = 0; i < plane.length; i++) {
    const value = values[i * pixel + channel * next]!;
    if (!(Math.abs(value) < Infinity)) refuseNumber(value, i * pixel + channel * next);
    plane[i] = activation === "none" ? value
      : activation === "sigmoid" ? sigmoid(value) : share(values, i * pixel, channel, grid.channels, next);
  }
  return plane;
}

/** The best class of each pixel, the first of equals. `threshold` is of its score; scores are worked out only where it counts. */
export function labelsOf(values: Float32Array, grid: Grid, { activation, threshold }: SegmentationTask, plane: Uint8Array): Uint8Array {
  const { pixel, next } = stepsOf(grid);
  for (let i = 0; i < plane.length; i++) {
    let best = 0;
    for (let channel = 0; channel < grid.channels; channel++) {
      const value = values[i * pixel + channel * next]!;
      if (!(Math.abs(value) < Infinity)) refuseNumber(value, i * pixel + channel * next);
      if (value > values[i * pixel + best * next]!) best = channel;
    }
    plane[i] = threshold > 0 && scoreAt(values, i * pixel, best, grid, next, activation) < threshold ? NO_LABEL : best;
  }
  return plane;
}

function scoreAt(values: Float32Array, at: number, channel: number, grid: Grid, next: number, activation: SegmentationTask["activation"]): number {
  if (activation === "softmax") return share(values, at, channel, grid.channels, next);
  const value = values[at + channel * next]!;
  return activation === "sigmoid" ? sigmoid(value) : value;
}

/** One model's segmentation; its memory, but for the results, lives from frame to frame. */
export class Segmenter {
  private plane = new Float32Array(0);
  private best = new Uint8Array(0);
  private line = new Float32Array(0);
  private way: Resampling | null = null;

  constructor(
    private readonly task: SegmentationTask,
    private readonly pre: Preprocess,
  ) {}

  /**
   * `values` of the output's `shape`, for a picture of `source` pixels. `into(length)` gives the bytes to write to. Throws an
   * Error where the network gave what is no mask.
   */
  segment(values: Float32Array, shape: readonly number[], source: Size, into: (length: number) => Uint8Array): Pixels {
    const grid = gridOf(shape, this.pre.layout === "NCHW");
    if (grid.channels <= this.task.channel) throw new Error(`its output has ${grid.channels} channels, and ${this.task.channel} is asked for`);
    const { width, height } = this.task.width > 0 ? this.task : source;
    const bytes = into(width * height);
    const way = this.wayTo(grid, source, { width, height });
    if (this.task.result === "labels") this.labels(values, grid, way, bytes);
    else this.scores(values, grid, way, bytes);
    return { width, height, channels: 1, bytes };
  }

  private scores(values: Float32Array, grid: Grid, way: Resampling, bytes: Uint8Array): void {
    const { result, threshold } = this.task;
    if (this.plane.length !== grid.width * grid.height) this.plane = new Float32Array(grid.width * grid.height);
    if (this.line.length !== grid.width) this.line = new Float32Array(grid.width);
    scoresOf(values, grid, this.task, this.plane);
    bytes.fill(0);
    const put = result === "mask"
      ? (at: number, score: number) => (bytes[at] = score >= threshold ? 255 : 0)
      : (at: number, score: number) => (bytes[at] = score <= 0 ? 0 : score >= 1 ? 255 : (score * 255 + 0.5) | 0);
    resampled(this.plane, way, this.line, put);
  }

  private labels(values: Float32Array, grid: Grid, { x, y, sizes }: Resampling, bytes: Uint8Array): void {
    if (this.best.length !== grid.width * grid.height) this.best = new Uint8Array(grid.width * grid.height);
    labelsOf(values, grid, this.task, this.best);
    bytes.fill(NO_LABEL);
    for (let row = y.begin; row < y.end; row++) {
      const line = nearestOf(y, row) * grid.width;
      for (let i = x.begin; i < x.end; i++) bytes[row * sizes.target.width + i] = this.best[line + nearestOf(x, i)]!;
    }
  }

  /** Kept until a size changes. */
  private wayTo(grid: Grid, source: Size, target: Size): Resampling {
    const room = { width: this.pre.width, height: this.pre.height };
    const kept = this.way;
    if (kept && same(kept.sizes.plane, grid) && same(kept.sizes.target, target) && this.sourceOf === `${source.width}x${source.height}`) return kept;
    this.sourceOf = `${source.width}x${source.height}`;
    const plane = { width: grid.width, height: grid.height };
    return (this.way = resamplingOf(plan(this.pre, source.width, source.height), { plane, room, target }));
  }

  private sourceOf = "";
}

const same = (one: Size, other: Size): boolean => one.width === other.width && one.height === other.height;
