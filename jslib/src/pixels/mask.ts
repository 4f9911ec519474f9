/** From a segmentation network's numbers to a mask, a soft alpha or a label map over the picture that was handed over. */
import { plan } from "../image/geometry";
import type { Preprocess } from "../generated/contract";
import type { Output, Placement } from "../tasks/task";
import { means, refuseNumber } from "./levels";
import { type Grid, gridOf, type KeptPixels, PixelPool, stepsOf } from "./pixels";
import { nearestOf, resampled, resamplingOf, type Resampling } from "./resample";

/** In label maps: what the network did not see, or where no class reaches the threshold. */
export const NO_LABEL = 255;

export interface SegmentationTask {
  /** `mask`: 255 where the score of `channel` reaches `threshold`, else 0. `alpha`: that score. `labels`: the best class. */
  readonly result: "mask" | "alpha" | "labels";
  readonly layout: Preprocess["layout"];
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

/** One model's segmentation; its memory lives from frame to frame. */
export class Segmenter {
  private readonly pool = new PixelPool();
  private plane = new Float32Array(0);
  private best = new Uint8Array(0);
  private line = new Float32Array(0);
  private way: { readonly key: string; readonly is: Resampling } | null = null;

  constructor(
    private readonly task: SegmentationTask,
    private readonly pre: Preprocess,
  ) {}

  /** Of the picture that was handed over. Throws an Error where the network gave what is no mask. */
  segment(output: Output, placement: Placement): KeptPixels {
    const grid = this.gridOf(output);
    const { width, height } = this.task.width > 0 ? this.task : placement;
    const way = this.wayTo(grid, placement, { width, height });
    const labels = this.task.result === "labels";
    const found = labels ? this.labels(output, grid) : this.scores(output, grid);
    const made = this.pool.make(width, height, 1);
    if (labels) this.drawLabels(grid, way, made.bytes);
    else this.drawScores(found as Float32Array, way, made.bytes);
    return made;
  }

  /** What any backend must find alike: means of scores, or the share of each class. */
  compared(output: Output): Float32Array {
    const grid = this.gridOf(output);
    return this.task.result === "labels" ? shares(this.labels(output, grid)) : means(this.scores(output, grid), grid);
  }

  private gridOf({ shape, levels }: Output): Grid {
    const grid = gridOf(shape, !levels && this.task.layout === "NCHW");
    const { channel } = this.task;
    if (!levels && grid.channels <= channel) throw new Error(`its output has ${grid.channels} channels, and ${channel} is asked for`);
    return grid;
  }

  private scores({ values, levels }: Output, grid: Grid): Float32Array {
    if (this.plane.length !== grid.width * grid.height) this.plane = new Float32Array(grid.width * grid.height);
    if (!levels) return scoresOf(floats(values), grid, this.task, this.plane);
    for (let i = 0; i < this.plane.length; i++) this.plane[i] = (sound(values, i) * 256 + values[4 * i + 1]!) / 65535;
    return this.plane;
  }

  private labels({ values, levels }: Output, grid: Grid): Uint8Array {
    if (this.best.length !== grid.width * grid.height) this.best = new Uint8Array(grid.width * grid.height);
    if (!levels) return labelsOf(floats(values), grid, this.task, this.best);
    for (let i = 0; i < this.best.length; i++) this.best[i] = sound(values, i);
    return this.best;
  }

  private drawScores(scores: Float32Array, way: Resampling, bytes: Uint8Array): void {
    const { result, threshold } = this.task;
    const { width } = way.sizes.plane;
    if (this.line.length !== width) this.line = new Float32Array(width);
    bytes.fill(0);
    const put = result === "mask"
      ? (at: number, score: number) => (bytes[at] = score >= threshold ? 255 : 0)
      : (at: number, score: number) => (bytes[at] = score <= 0 ? 0 : score >= 1 ? 255 : (score * 255 + 0.5) | 0);
    resampled(scores, way, this.line, put);
  }

  private drawLabels(grid: Grid, { x, y, sizes }: Resampling, bytes: Uint8Array): void {
    bytes.fill(NO_LABEL);
    for (let row = y.begin; row < y.end; row++) {
      const line = nearestOf(y, row) * grid.width;
      for (let i = x.begin; i < x.end; i++) bytes[row * sizes.target.width + i] = this.best[line + nearestOf(x, i)]!;
    }
  }

  /** Kept until a size changes. */
  private wayTo(grid: Grid, { width, height, mirror }: Placement, target: Size): Resampling {
    const key = [grid.width, grid.height, width, height, mirror, target.width, target.height].join(" ");
    if (this.way?.key !== key) {
      const sizes = { plane: { width: grid.width, height: grid.height }, room: this.pre, target };
      this.way = { key, is: resamplingOf(plan(this.pre, width, height), sizes, mirror) };
    }
    return this.way.is;
  }
}

function floats(values: Output["values"]): Float32Array {
  if (!(values instanceof Float32Array)) throw new Error("its output is whole numbers");
  return values;
}

/** The first byte of a pixel that the GPU worked out. */
function sound(values: Output["values"], pixel: number): number {
  if (values[4 * pixel + 3] === 0) throw new Error(`its output at pixel ${pixel} is no number`);
  return values[4 * pixel]!;
}

/** How much of a label map each class has. */
function shares(labels: Uint8Array): Float32Array {
  const counts = new Float32Array(NO_LABEL + 1);
  for (const label of labels) counts[label]! += 1 / labels.length;
  return counts;
}
