/** Finished boxes: one row each, or one list for each of their properties. */
import type { ListsForm, RowsForm } from "../generated/contract";
import type { Output } from "../tasks/task";
import type { Candidates, InputSize } from "./candidates";
import { eachScored, type Table } from "./scoring";

type Adder = (to: Candidates, label: number, score: number, four: ArrayLike<number>, at: number, x: number, y: number) => void;

const number = (values: ArrayLike<number>, at: number): number => values[at] as number;

/** Adds the four numbers from `at` on, after multiplying what lies across by `x` and what lies down by `y`. */
export const ADD: Record<RowsForm["corners"], Adder> = {
  xyxy: (to, label, score, v, at, x, y) =>
    to.add(label, score, x * number(v, at), y * number(v, at + 1), x * number(v, at + 2), y * number(v, at + 3)),
  yxyx: (to, label, score, v, at, x, y) =>
    to.add(label, score, x * number(v, at + 1), y * number(v, at), x * number(v, at + 3), y * number(v, at + 2)),
  xywh: (to, label, score, v, at, x, y) => {
    const [left, top] = [x * number(v, at), y * number(v, at + 1)];
    to.add(label, score, left, top, left + x * number(v, at + 2), top + y * number(v, at + 3));
  },
  cxcywh: (to, label, score, v, at, x, y) =>
    to.addCentred(label, score, x * number(v, at), y * number(v, at + 1), x * number(v, at + 2), y * number(v, at + 3)),
};

/** What turns a box's numbers into parts of the network's input: [across, down]. */
export const scaleOf = (units: RowsForm["units"], { width, height }: InputSize): readonly [number, number] =>
  units === "pixels" ? [1 / width, 1 / height] : [1, 1];

const requireNumber = (score: number, row: number): void => {
  if (Number.isNaN(score)) throw new Error(`the score of box ${row} is not a number`);
};

/** Boxes from the rows of one output. */
export function readRows(form: RowsForm, [rows]: readonly Output[], size: InputSize, threshold: number, to: Candidates): void {
  const { shape, values } = rows as Output;
  const columns = shape[shape.length - 1] as number;
  const [x, y] = scaleOf(form.units, size);
  const add = ADD[form.corners];
  for (let row = 0, at = 0; at < values.length; row++, at += columns) {
    const score = number(values, at + form.score);
    requireNumber(score, row);
    if (score >= threshold) add(to, Math.round(number(values, at + form.label)), score, values, at + form.box, x, y);
  }
}

/** Boxes from one list for each of their properties. */
export function readLists(form: ListsForm, outputs: readonly Output[], size: InputSize, threshold: number, to: Candidates): void {
  const [boxes, scores, labels, count] = outputs as [Output, Output, Output?, Output?];
  const [x, y] = scaleOf(form.units, size);
  const add = ADD[form.corners];
  const rows = boxes.values.length / 4;
  const classes = scores.values.length / rows;
  const valid = count ? Math.min(rows, Math.round(number(count.values, 0))) : rows;
  if (Number.isNaN(valid)) throw new Error("the number of boxes is not a number");
  const table: Table = { values: scores.values, rows: valid, offset: 0, rowStep: classes, columnStep: 1 };
  const skipped = labels ? 0 : form.first_label;
  eachScored({ table, first: 0, classes, skipped, activation: form.activation }, threshold, (row, best, score) => {
    const label = labels ? Math.round(number(labels.values, row)) - form.first_label : best;
    add(to, label, score, boxes.values, 4 * row, x, y);
  });
}
