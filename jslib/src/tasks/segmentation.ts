/** Which pixels belong to what. */
import { count, oneOf, record, require, share } from "../checks";
import type { ModelSpec } from "../generated/contract";
import { NO_LABEL, Segmenter } from "../pixels/mask";
import { gridOf, type KeptPixels } from "../pixels/pixels";
import type { Output, Placement, Reading, TaskKind, TaskReader } from "./task";

/** One byte a pixel, row 0 on top; `bytes` only for whom the page answers. */
export interface SegmentationPrediction {
  readonly task: "segmentation";
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 4;
  readonly bytes: Uint8Array | null;
}

/** What the game and the page are told of pixels. */
export const told = <T extends string>(task: T, pixels: KeptPixels) => ({
  values: Float32Array.of(pixels.width, pixels.height, pixels.channels),
  prediction: { task, width: pixels.width, height: pixels.height, channels: pixels.channels, bytes: null },
  pixels,
});

/** Channels of the first output of a contract. Throws a Mismatch where it is no picture. */
export function channelsOf([output]: ModelSpec["outputs"], layout: "NHWC" | "NCHW"): number {
  const shape = output?.shape ?? [];
  require(output?.dtype === "float32", "$.model.outputs[0].dtype is not float32");
  require(shape.length === 3 || shape.length === 4, "$.model.outputs[0].shape is no picture's");
  return gridOf([1, ...shape.slice(1)], layout === "NCHW").channels;
}

/** The one output that counts; what the GPU worked out is handed back. */
export function withFirst<T>([output]: readonly Output[], read: (output: Output) => T): T {
  if (!output) throw new Error("it gives nothing");
  try {
    return read(output);
  } finally {
    output.levels?.();
  }
}

class SegmentationReader implements TaskReader<SegmentationPrediction> {
  constructor(private readonly segmenter: Segmenter) {}

  read(outputs: readonly Output[], placement: Placement): Reading<SegmentationPrediction> {
    return told("segmentation", withFirst(outputs, (output) => this.segmenter.segment(output, placement)));
  }

  compared(outputs: readonly Output[]): Float32Array {
    return withFirst(outputs, (output) => this.segmenter.compared(output));
  }
}

export const segmentation: TaskKind<"segmentation", SegmentationPrediction> = {
  check: record({
    result: oneOf("mask", "alpha", "labels"),
    layout: oneOf("NHWC", "NCHW"),
    activation: oneOf("none", "sigmoid", "softmax"),
    channel: count,
    threshold: share,
    width: count,
    height: count,
  }),
  requireFits({ result, layout, channel, width, height }, { outputs, labels }) {
    const channels = channelsOf(outputs, layout);
    require(channels === labels.length, "$.model.outputs[0].shape does not fit $.model.labels");
    require(channel < channels, "$.model.task.channel is none of the output's");
    require(result !== "labels" || channels <= NO_LABEL, "$.model.labels has too many entries for a label map");
    require(width > 0 === height > 0, "$.model.task has one side of a size");
  },
  open: (task, { preprocess }) => new SegmentationReader(new Segmenter(task, preprocess)),
};
