/** The heads of the YOLO family, worked out already or still relative to their cells. */
import type { YoloForm } from "../generated/contract";
import type { Output } from "../tasks/task";
import type { Candidates, InputSize } from "./candidates";
import { ADD, scaleOf } from "./rows";
import { eachScored, type Table } from "./scoring";

const BOX = 4;

function tableOf({ arrangement }: YoloForm, { shape, values }: Output): Table & { readonly columns: number } {
  const [first, second] = shape.slice(-2) as [number, number];
  return arrangement === "rows"
    ? { values, rows: first, columns: second, offset: 0, rowStep: second, columnStep: 1 }
    : { values, rows: second, columns: first, offset: 0, rowStep: 1, columnStep: second };
}

/** The cell that a row belongs to. Rows come stride by stride, within each from left to right and from top to bottom. */
export class Cells {
  x = 0;
  y = 0;
  stride = 0;

  constructor(
    private readonly strides: readonly number[],
    private readonly size: InputSize,
  ) {}

  static countOf(strides: readonly number[], { width, height }: InputSize): number {
    return strides.reduce((sum, stride) => sum + Math.ceil(width / stride) * Math.ceil(height / stride), 0);
  }

  seek(row: number): void {
    let before = 0;
    for (const stride of this.strides) {
      const across = Math.ceil(this.size.width / stride);
      const cells = across * Math.ceil(this.size.height / stride);
      if (row < before + cells) {
        this.stride = stride;
        this.x = (row - before) % across;
        this.y = Math.floor((row - before) / across);
        return;
      }
      before += cells;
    }
    throw new Error(`there is no cell ${row}`);
  }
}

/** Boxes from a YOLO head. */
export function readYolo(form: YoloForm, [output]: readonly Output[], size: InputSize, threshold: number, to: Candidates): void {
  const table = tableOf(form, output as Output);
  const first = BOX + (form.objectness ? 1 : 0);
  const objectness = (row: number): number => (form.objectness ? certainty(form, cell(table, row, BOX)) : 1);
  const add = form.strides.length > 0 ? relative(form, table, size, to) : absolute(form, table, size, to);
  const scores = { table, first, classes: table.columns - first, skipped: 0, activation: form.activation };
  eachScored(scores, threshold, (row, label, score) => {
    const whole = score * objectness(row);
    if (whole >= threshold) add(row, label, whole);
  });
}

const cell = ({ values, offset, rowStep, columnStep }: Table, row: number, column: number): number =>
  values[offset + row * rowStep + column * columnStep] as number;

const certainty = ({ activation }: YoloForm, raw: number): number => (activation === "none" ? raw : 1 / (1 + Math.exp(-raw)));

type Add = (row: number, label: number, score: number) => void;

function absolute({ units }: YoloForm, table: Table, size: InputSize, to: Candidates): Add {
  const [x, y] = scaleOf(units, size);
  const four = new Float32Array(BOX);
  return (row, label, score) => {
    for (let column = 0; column < BOX; column++) four[column] = cell(table, row, column);
    ADD.cxcywh(to, label, score, four, 0, x, y);
  };
}

function relative({ strides }: YoloForm, table: Table, size: InputSize, to: Candidates): Add {
  const cells = new Cells(strides, size);
  return (row, label, score) => {
    cells.seek(row);
    const [across, down] = [cells.stride / size.width, cells.stride / size.height];
    const [x, y] = [across * (cells.x + cell(table, row, 0)), down * (cells.y + cell(table, row, 1))];
    to.addCentred(label, score, x, y, across * Math.exp(cell(table, row, 2)), down * Math.exp(cell(table, row, 3)));
  };
}
