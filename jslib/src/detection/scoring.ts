/** Class scores of many boxes: the best class of each, without a function call for every number. */

import type { YoloForm } from "../generated/contract";
import type { Output } from "../tasks/task";

/** What the network's class numbers still need to be probabilities. Softmax is over the classes of one box. */
export type ScoreActivation = YoloForm["activation"];

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

/** The number whose sigmoid is `probability`; so a threshold is compared before the exponential is computed. */
const logit = (probability: number): number => Math.log(probability / (1 - probability));

/** Where the numbers of a box lie: number `column` of box `row` is `values[offset + row * rowStep + column * columnStep]`. */
export interface Table {
  readonly values: Output["values"];
  readonly rows: number;
  readonly offset: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

const refuse = (): never => {
  throw new Error("a score is not a number");
};

/** The best class of each box and its raw number, in memory that lives from frame to frame. */
class BestClasses {
  labels = new Int32Array(0);
  raw = new Float32Array(0);

  /**
   * Looks at `classes` columns of every row from column `first` on; of equal ones the lower counts. Numbers of `least` or less
   * count as `least`. Throws where a number is none.
   */
  find(table: Table, first: number, classes: number, least: number): void {
    if (this.labels.length < table.rows) this.reserve(table.rows);
    // Along the memory, whichever way the table lies: across it costs several times as much.
    if (table.columnStep > table.rowStep) this.byColumns(table, first, classes, least);
    else this.byRows(table, first, classes, least);
  }

  private reserve(rows: number): void {
    this.labels = new Int32Array(rows);
    this.raw = new Float32Array(rows);
  }

  private byColumns({ values, rows, offset, rowStep, columnStep }: Table, first: number, classes: number, least: number): void {
    const { labels, raw } = this;
    labels.fill(0, 0, rows);
    raw.fill(least, 0, rows);
    for (let label = 0; label < classes; label++) {
      let at = offset + (first + label) * columnStep;
      for (let row = 0; row < rows; row++, at += rowStep) {
        const value = values[at] as number;
        if (value <= least) continue; // nearly always; never for what is no number
        if (Number.isNaN(value)) refuse();
        if (value <= (raw[row] as number)) continue;
        raw[row] = value;
        labels[row] = label;
      }
    }
  }

  private byRows({ values, rows, offset, rowStep, columnStep }: Table, first: number, classes: number, least: number): void {
    for (let row = 0; row < rows; row++) {
      let at = offset + row * rowStep + first * columnStep;
      let best = least;
      let bestLabel = 0;
      for (let label = 0; label < classes; label++, at += columnStep) {
        const value = values[at] as number;
        if (value <= best) continue;
        if (Number.isNaN(value)) refuse();
        best = value;
        bestLabel = label;
      }
      this.raw[row] = best;
      this.labels[row] = bestLabel;
    }
  }
}

/** The softmax of column `first + label`, over `classes` columns of one row. */
function softmaxAt({ values, offset, rowStep, columnStep }: Table, row: number, first: number, classes: number, label: number): number {
  const start = offset + row * rowStep + first * columnStep;
  const chosen = values[start + label * columnStep] as number;
  let sum = 0;
  for (let other = 0; other < classes; other++) sum += Math.exp((values[start + other * columnStep] as number) - chosen);
  return 1 / sum;
}

/** Which columns of a table are scores: `classes` of them from `first` on, of which the first `skipped` have no label. */
export interface Scores {
  readonly table: Table;
  readonly first: number;
  readonly classes: number;
  readonly skipped: number;
  readonly activation: ScoreActivation;
}

/** What a raw number must reach so that its score can reach `threshold`. */
function rawThreshold(activation: ScoreActivation, threshold: number): number {
  if (activation === "sigmoid") return logit(threshold);
  return activation === "softmax" ? -Infinity : threshold;
}

/** A little less, so that what reaches `least` exactly is above it, in single precision too. */
const below = (least: number): number => least - 1e-6 * Math.max(1, Math.abs(least));

function scoreOf({ table, first, classes, skipped, activation }: Scores, row: number, label: number, raw: number): number {
  if (activation === "sigmoid") return sigmoid(raw);
  return activation === "softmax" ? softmaxAt(table, row, first, classes, skipped + label) : raw;
}

const best = new BestClasses();

/** Calls `take` for every row whose best class scores `threshold` or more. Throws an Error where a number is none. */
export function eachScored(scores: Scores, threshold: number, take: (row: number, label: number, score: number) => void): void {
  const { table, first, classes, skipped } = scores;
  const least = rawThreshold(scores.activation, threshold);
  best.find(table, first + skipped, classes - skipped, below(least));
  for (let row = 0; row < table.rows; row++) {
    const raw = best.raw[row] as number;
    if (raw < least) continue;
    const label = best.labels[row] as number;
    const score = scoreOf(scores, row, label, raw);
    if (score >= threshold) take(row, label, score);
  }
}
