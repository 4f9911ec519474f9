/** Boxes: where things are, and what they are. */
import { above0, count, flag, listOf, oneOf, positive, record, require, share, tagged } from "../checks";
import { DETECTION_NUMBERS, Detector } from "../detection";
import { allNumbers, type Output, type Placement, type Reading, type TaskKind, type TaskReader } from "./task";

/** `box` as parts of the picture that was handed over, from its top left corner. */
export interface FoundBox {
  readonly index: number;
  readonly label: string;
  readonly score: number;
  readonly box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}

/** Best first. */
export interface DetectionPrediction {
  readonly task: "detection";
  readonly detections: FoundBox[];
}

const LEFT = 2;
const WIDTH = 4;

class DetectionReader implements TaskReader<DetectionPrediction> {
  constructor(
    private readonly detector: Detector,
    private readonly labels: readonly string[],
  ) {}

  read(outputs: readonly Output[], { width, height, mirror }: Placement): Reading<DetectionPrediction> {
    const values = this.detector.detect(outputs, width, height);
    const detections: FoundBox[] = [];
    for (let at = 0; at < values.length; at += DETECTION_NUMBERS) {
      if (mirror) values[at + LEFT] = 1 - (values[at + LEFT] as number) - (values[at + WIDTH] as number);
      detections.push(this.found(values.subarray(at, at + DETECTION_NUMBERS)));
    }
    return { values, prediction: { task: "detection", detections } };
  }

  compared(outputs: readonly Output[]): Float32Array {
    return allNumbers(outputs);
  }

  private found(numbers: Float32Array): FoundBox {
    const [index, score, left, top, width, height] = numbers as unknown as [number, number, number, number, number, number];
    const label = this.labels[index];
    if (label === undefined) throw new Error(`it found class ${index}, and there are ${this.labels.length} labels`);
    return { index, label, score, box: { left, top, width, height } };
  }
}

const activation = oneOf("none", "sigmoid", "softmax");
const units = oneOf("pixels", "unit");
const corners = oneOf("xyxy", "yxyx", "xywh", "cxcywh");
const strides = listOf(positive);
const layer = record({ stride: positive, sizes: listOf(listOf(above0, 2)) });

const form = tagged("form", {
  rows: record({ box: count, score: count, label: count, corners, units }),
  lists: record({ corners, units, activation, first_label: count }),
  anchors: record({
    layers: listOf(layer),
    box: count,
    score: count,
    y_first: flag,
    divisors: listOf(above0, 4),
    exponential: flag,
    activation,
    background: flag,
  }),
  yolo: record({ arrangement: oneOf("rows", "columns"), objectness: flag, activation, units, strides }),
  distances: record({ strides, activation }),
});

export const detection: TaskKind<"detection", DetectionPrediction> = {
  check: record({ form, threshold: share, overlap: share, per_class: flag, limit: positive }),
  requireFits: (_, { labels }) => require(labels.length > 0, "$.model.labels has no entries"),
  open: (task, { preprocess, labels }) => new DetectionReader(new Detector(task, preprocess), labels),
};
