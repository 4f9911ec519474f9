/** One score for each class. */
import { count, oneOf, positive, record, require } from "../checks";
import { softmax, topIndices } from "../scores";
import type { Output, Reading, TaskKind, TaskOf, TaskReader } from "./task";

type Classification = TaskOf<"classification">;

/** `scores` has one entry per label, in the contract's order; `top` the best of them, best first. */
export interface ClassificationPrediction {
  readonly task: "classification";
  readonly scores: number[];
  readonly top: { readonly index: number; readonly label: string; readonly score: number }[];
}

/** Why `raw` cannot be what a model gives for this contract, or null. */
function problemOf(raw: Output["values"], labels: number, skipped: number): string | null {
  const expected = skipped > 0 ? `${labels} labels and ${skipped} to skip` : `${labels} labels`;
  if (raw.length !== labels + skipped) return `it gives ${raw.length} scores for ${expected}`;
  const bad = raw.findIndex((score) => !Number.isFinite(score));
  return bad < 0 ? null : `score ${bad} is ${raw[bad]}`;
}

/** One score per label from what the model gives. Throws an Error that says why that is none. */
export function classScores(raw: Output["values"], { activation, skip_first }: Classification, labels: number): Float32Array {
  const problem = problemOf(raw, labels, skip_first);
  if (problem !== null) throw new Error(problem);
  if (!(raw instanceof Float32Array)) throw new Error("its scores are whole numbers");
  return (activation === "softmax" ? softmax(raw) : raw).subarray(skip_first);
}

class ClassificationReader implements TaskReader<ClassificationPrediction> {
  constructor(
    private readonly task: Classification,
    private readonly labels: readonly string[],
  ) {}

  read(outputs: readonly Output[]): Reading<ClassificationPrediction> {
    const scores = this.scores(outputs);
    const best = topIndices(scores, this.task.top_k);
    const values = new Float32Array(2 * best.length);
    const top = best.map((index, position) => {
      const score = scores[index] as number;
      values[2 * position] = index;
      values[2 * position + 1] = score;
      return { index, label: this.labels[index] as string, score };
    });
    // Array.from would iterate, which makes an object of every score.
    return { values, prediction: { task: "classification", scores: Array.prototype.slice.call(scores) as number[], top } };
  }

  compared(outputs: readonly Output[]): Float32Array {
    return this.scores(outputs).slice();
  }

  private scores([output]: readonly Output[]): Float32Array {
    return classScores((output as Output).values, this.task, this.labels.length);
  }
}

export const classification: TaskKind<"classification", ClassificationPrediction> = {
  check: record({ activation: oneOf("none", "softmax"), skip_first: count, top_k: positive }),
  requireFits({ skip_first, top_k }, { outputs, labels }) {
    const [scores, ...more] = outputs;
    require(more.length === 0, "$.model.outputs has more than one entry");
    require(scores?.dtype === "float32", "$.model.outputs[0].dtype is not float32");
    require(scores?.shape[scores.shape.length - 1] === labels.length + skip_first, "$.model.outputs[0].shape does not fit $.model.labels");
    require(top_k <= labels.length, "$.model.task.top_k is more than there are labels");
  },
  open: (task, { labels }) => new ClassificationReader(task, labels),
};
