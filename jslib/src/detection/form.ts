/** How a detector's outputs are to be read; the contract names one of these forms. */
import type { ScoreActivation } from "./scoring";

/** `pixels` of the network's input, or parts of it (0..1). */
export type Units = "pixels" | "unit";

/** Which four numbers a box is, in which order. */
export type Corners = "xyxy" | "yxyx" | "xywh" | "cxcywh";

/** One output [1, N, columns] of finished boxes: four numbers at `box`, the score and the class number where they are said to be. */
export interface RowsForm {
  readonly form: "rows";
  readonly box: number;
  readonly score: number;
  readonly label: number;
  readonly corners: Corners;
  readonly units: Units;
}

/**
 * Outputs of TensorFlow's Object Detection API, in this order: boxes [1, N, 4] or [1, N, 1, 4], scores [1, N] or [1, N, classes],
 * and with scores [1, N] the classes [1, N]; then, if there is one, the count [1]. Class numbers begin at `first_label`.
 */
export interface ListsForm {
  readonly form: "lists";
  readonly corners: Corners;
  readonly units: Units;
  readonly activation: ScoreActivation;
  readonly first_label: number;
}

/** Cells of `stride` pixels, each with one anchor for each of `sizes` (width and height in parts of the input). */
export interface AnchorLayer {
  readonly stride: number;
  readonly sizes: readonly (readonly [number, number])[];
}

/**
 * A single-shot detector before its boxes are worked out. Outputs: boxes [1, N, 4 or more] and scores [1, N, classes], or one
 * [1, N, columns] of both; several of a kind are one after the other. A box is (x, y, width, height) relative to its anchor, each
 * divided by its number of `divisors`; with `exponential` sizes are exponents.
 */
export interface AnchorsForm {
  readonly form: "anchors";
  readonly layers: readonly AnchorLayer[];
  /** Column of the box's first number, and of the first score. */
  readonly box: number;
  readonly score: number;
  /** Numbers come as y, x, height, width. */
  readonly y_first: boolean;
  readonly divisors: readonly [number, number, number, number];
  readonly exponential: boolean;
  readonly activation: ScoreActivation;
  /** Class 0 is the background, and has no label. */
  readonly background: boolean;
}

/**
 * YOLO's head: one output, [1, N, 4 + classes] (`rows`) or [1, 4 + classes, N] (`columns`); with `objectness` there is one more
 * number after the box, by which every score is multiplied. Boxes are centre and size: worked out already, or, where there are
 * `strides`, relative to their cells as in YOLOX.
 */
export interface YoloForm {
  readonly form: "yolo";
  readonly arrangement: "rows" | "columns";
  readonly objectness: boolean;
  readonly activation: ScoreActivation;
  readonly units: Units;
  readonly strides: readonly number[];
}

/**
 * NanoDet's head: for each stride scores [1, cells, classes] and distances [1, cells, 4 * bins]; the distance to each edge is the
 * mean of its bins' softmax, in strides. Outputs: all scores in the order of `strides`, then all distances.
 */
export interface DistancesForm {
  readonly form: "distances";
  readonly strides: readonly number[];
  readonly activation: ScoreActivation;
}

export type DetectionForm = RowsForm | ListsForm | AnchorsForm | YoloForm | DistancesForm;
