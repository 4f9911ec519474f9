/** From a detector's outputs to the best boxes, as parts of the picture that was handed over. */
import type { Detection, Preprocess } from "../generated/contract";
import { plan, type Axis } from "../image/geometry";
import type { Output } from "../tasks/task";
import { anchorsOf, readAnchors } from "./anchors";
import { BOTTOM, Candidates, LEFT, RIGHT, TOP } from "./candidates";
import { readDistances } from "./distances";
import { readLists, readRows } from "./rows";
import { Suppressor } from "./suppress";
import { readYolo } from "./yolo";

/** Numbers of a detection in a result: the class, its score, and the box. */
export const DETECTION_NUMBERS = 6;

export type DetectionTask = Omit<Detection, "kind">;

type Read = (outputs: readonly Output[]) => void;

function reader({ form, threshold }: DetectionTask, pre: Preprocess, to: Candidates): Read {
  switch (form.form) {
    case "rows":
      return (outputs) => readRows(form, outputs, pre, threshold, to);
    case "lists":
      return (outputs) => readLists(form, outputs, pre, threshold, to);
    case "yolo":
      return (outputs) => readYolo(form, outputs, pre, threshold, to);
    case "distances":
      return (outputs) => readDistances(form, outputs, pre, threshold, to);
    case "anchors": {
      const anchors = anchorsOf(form, pre);
      return (outputs) => readAnchors(form, anchors, outputs, threshold, to);
    }
  }
}

/** A place along one axis: from a part of the network's input to a part of the source, which ends at its edges. */
function inSource({ source, start, size, low, high }: Axis, place: number, room: number): number {
  const along = (place * room - start) / size;
  return Math.min(1, Math.max(0, (low + along * (high - low)) / source));
}

/** One model's detector; its memory lives from frame to frame. */
export class Detector {
  private readonly candidates = new Candidates();
  private readonly suppressor: Suppressor;
  private readonly read: Read;

  constructor(
    task: DetectionTask,
    private readonly pre: Preprocess,
  ) {
    this.read = reader(task, pre, this.candidates);
    this.suppressor = new Suppressor(task);
  }

  /**
   * Detections in a picture of `width` x `height` pixels, best first: for each DETECTION_NUMBERS numbers, which are the class, the
   * score, and left, top, width and height as parts of the picture, from its top left corner. A new array. Throws an Error where
   * the network gave what is no number.
   */
  detect(outputs: readonly Output[], width: number, height: number): Float32Array {
    this.candidates.clear();
    this.read(outputs);
    const kept = this.suppressor.choose(this.candidates);
    const found = new Float32Array(DETECTION_NUMBERS * kept.length);
    const { x, y } = plan(this.pre, width, height);
    for (let index = 0; index < kept.length; index++) this.write(kept[index] as number, x, y, found, DETECTION_NUMBERS * index);
    return found;
  }

  private write(candidate: number, x: Axis, y: Axis, to: Float32Array, at: number): void {
    const { boxes, labels, scores } = this.candidates;
    const left = inSource(x, boxes[4 * candidate + LEFT] as number, this.pre.width);
    const top = inSource(y, boxes[4 * candidate + TOP] as number, this.pre.height);
    to[at] = labels[candidate] as number;
    to[at + 1] = scores[candidate] as number;
    to[at + 2] = left;
    to[at + 3] = top;
    to[at + 4] = inSource(x, boxes[4 * candidate + RIGHT] as number, this.pre.width) - left;
    to[at + 5] = inSource(y, boxes[4 * candidate + BOTTOM] as number, this.pre.height) - top;
  }
}
