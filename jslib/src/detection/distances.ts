/** Heads that say for each cell how far the edges of its box are, as NanoDet's. */
import type { DistancesForm } from "../generated/contract";
import type { Output } from "../tasks/task";
import type { Candidates, InputSize } from "./candidates";
import { eachScored, type Table } from "./scoring";

const EDGES = 4;

/** The mean of `bins` places 0, 1, 2 … weighted by the softmax of the numbers there. */
export function expectation(values: ArrayLike<number>, start: number, bins: number): number {
  let highest = -Infinity;
  for (let bin = 0; bin < bins; bin++) highest = Math.max(highest, values[start + bin] as number);
  let sum = 0;
  let weighted = 0;
  for (let bin = 0; bin < bins; bin++) {
    const power = Math.exp((values[start + bin] as number) - highest);
    sum += power;
    weighted += bin * power;
  }
  return weighted / sum;
}

/** Boxes of one stride. The centre of a cell is where its distances begin. */
function readStride(form: DistancesForm, stride: number, [scores, distances]: [Output, Output], size: InputSize, threshold: number, to: Candidates): void {
  const across = Math.ceil(size.width / stride);
  const cells = across * Math.ceil(size.height / stride);
  const classes = scores.values.length / cells;
  const bins = distances.values.length / cells / EDGES;
  const table: Table = { values: scores.values, rows: cells, offset: 0, rowStep: classes, columnStep: 1 };
  const [x, y] = [stride / size.width, stride / size.height];
  eachScored({ table, first: 0, classes, skipped: 0, activation: form.activation }, threshold, (row, label, score) => {
    const edge = (which: number): number => expectation(distances.values, (EDGES * row + which) * bins, bins);
    const [column, line] = [(row % across) + 0.5, Math.floor(row / across) + 0.5];
    to.add(label, score, x * (column - edge(0)), y * (line - edge(1)), x * (column + edge(2)), y * (line + edge(3)));
  });
}

/** Boxes from all strides. */
export function readDistances(form: DistancesForm, outputs: readonly Output[], size: InputSize, threshold: number, to: Candidates): void {
  form.strides.forEach((stride, index) => {
    const pair: [Output, Output] = [outputs[index] as Output, outputs[form.strides.length + index] as Output];
    readStride(form, stride, pair, size, threshold, to);
  });
}
