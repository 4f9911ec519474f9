/** Pictures from pictures. */
import { count, finite, flag, nullOr, oneOf, record, require } from "../checks";
import { PictureReader } from "../pixels/picture-reader";
import { channelsOf, told, withFirst } from "./segmentation";
import type { Output, Placement, Reading, TaskKind, TaskOf, TaskReader } from "./task";

/** RGBA, row 0 on top; `bytes` only for whom the page answers. */
export interface ImagePrediction {
  readonly task: "image";
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 4;
  readonly bytes: Uint8Array | null;
}

export const tonesOf = ({ low, high, channel_order }: TaskOf<"image">) => ({ low, high, bgr: channel_order === "bgr" });

class ImageReader implements TaskReader<ImagePrediction> {
  constructor(private readonly reader: PictureReader) {}

  read(outputs: readonly Output[], placement: Placement): Reading<ImagePrediction> {
    return told("image", withFirst(outputs, (output) => this.reader.read(output, placement)));
  }

  compared(outputs: readonly Output[]): Float32Array {
    return withFirst(outputs, (output) => this.reader.compared(output));
  }
}

export const image: TaskKind<"image", ImagePrediction> = {
  check: record({
    layout: oneOf("NHWC", "NCHW"),
    channel_order: oneOf("rgb", "bgr"),
    low: finite,
    high: finite,
    tiling: nullOr(record({ margin: count, free: flag })),
  }),
  requireFits({ layout, low, high, tiling }, { outputs, labels, preprocess }) {
    require(labels.length === 0, "$.model.labels has entries, which pictures do not have");
    require([1, 3, 4].includes(channelsOf(outputs, layout)), "$.model.outputs[0].shape is no picture's");
    require(low < high, "$.model.task.low is not less than high");
    require(!tiling || 2 * tiling.margin < Math.min(preprocess.width, preprocess.height), "$.model.task.tiling.margin leaves nothing of a tile");
  },
  open: (task) => new ImageReader(new PictureReader(tonesOf(task), task.layout === "NCHW")),
};
