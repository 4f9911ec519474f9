/** Single-shot detectors: boxes relative to anchors, which lie in a grid for each stride. */
import type { AnchorsForm } from "../generated/contract";
import type { Output } from "../tasks/task";
import type { Candidates, InputSize } from "./candidates";
import { eachScored, type Table } from "./scoring";

/** Four numbers an anchor: centre x and y, width and height, as parts of the network's input. */
export function anchorsOf({ layers }: AnchorsForm, { width, height }: InputSize): Float32Array {
  const anchors: number[] = [];
  for (const { stride, sizes } of layers) {
    const [across, down] = [Math.ceil(width / stride), Math.ceil(height / stride)];
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        for (const [wide, high] of sizes) anchors.push((x + 0.5) / across, (y + 0.5) / down, wide, high);
      }
    }
  }
  return Float32Array.from(anchors);
}

/** How many numbers an anchor has in each of several outputs, one after the other: those of one kind have the same last axis. */
interface Part {
  readonly output: Output;
  readonly rows: number;
  readonly columns: number;
  readonly begins: number;
}

function partsOf(outputs: readonly Output[]): Part[] {
  let begins = 0;
  return outputs.map((output) => {
    const columns = output.shape[output.shape.length - 1] as number;
    const rows = output.values.length / columns;
    const part = { output, rows, columns, begins };
    begins += rows;
    return part;
  });
}

/** Outputs of boxes and outputs of scores; the same ones where each holds both. */
function sorted(outputs: readonly Output[], count: number): readonly [boxes: Part[], scores: Part[]] {
  const all = partsOf(outputs);
  const rows = all.reduce((sum, part) => sum + part.rows, 0);
  if (rows === count) return [all, all];
  const half = outputs.length / 2;
  return [partsOf(outputs.slice(0, half)), partsOf(outputs.slice(half))];
}

/** Boxes from a detector with these anchors; first the outputs with boxes, then those with scores, or outputs with both. */
export function readAnchors(form: AnchorsForm, anchors: Float32Array, outputs: readonly Output[], threshold: number, to: Candidates): void {
  const [boxes, scores] = sorted(outputs, anchors.length / 4);
  scores.forEach((part, index) => readPart(form, anchors, boxes[index] as Part, part, threshold, to));
}

function readPart(form: AnchorsForm, anchors: Float32Array, boxes: Part, scores: Part, threshold: number, to: Candidates): void {
  const table: Table = { values: scores.output.values, rows: scores.rows, offset: 0, rowStep: scores.columns, columnStep: 1 };
  const isBoth = boxes.output === scores.output;
  const classes = isBoth && form.box > form.score ? form.box - form.score : scores.columns - form.score;
  const skipped = form.background ? 1 : 0;
  eachScored({ table, first: form.score, classes, skipped, activation: form.activation }, threshold, (row, label, score) =>
    addBox(form, anchors, 4 * (scores.begins + row), boxes.output.values, row * boxes.columns + form.box, label, score, to),
  );
}

function addBox(
  { y_first, divisors, exponential }: AnchorsForm,
  anchors: Float32Array, anchor: number, values: ArrayLike<number>, at: number, label: number, score: number, to: Candidates,
): void {
  const [across, down, wide, high] = y_first ? [1, 0, 3, 2] : [0, 1, 2, 3];
  const part = (column: number, divisor: number): number => (values[at + column] as number) / (divisors[divisor] as number);
  const own = (index: number): number => anchors[anchor + index] as number;
  const size = (column: number, which: 2 | 3): number => own(which) * (exponential ? Math.exp(part(column, which)) : part(column, which));
  const [x, y] = [own(0) + part(across as number, 0) * own(2), own(1) + part(down as number, 1) * own(3)];
  to.addCentred(label, score, x, y, size(wide as number, 2), size(high as number, 3));
}
