/** The numbers of the outputs as they are. */
import { record, require } from "../checks";
import { allNumbers, type Output, type TaskKind } from "./task";

/** By the contract's names of the outputs. */
export interface RawPrediction {
  readonly task: "raw";
  readonly outputs: { readonly name: string; readonly shape: readonly number[]; readonly values: number[] }[];
}

const numbers = ({ values }: Output): number[] => Array.prototype.slice.call(values) as number[];

/** The game gets for each output its rank, its shape, and its values, one output after the other. */
function values(outputs: readonly Output[]): Float32Array {
  return allNumbers(outputs.flatMap((output) => [{ shape: [], values: Float32Array.of(output.shape.length, ...output.shape) }, output]));
}

export const raw: TaskKind<"raw", RawPrediction> = {
  check: record({}),
  requireFits: (_, { labels }) => require(labels.length === 0, "$.model.labels has entries, which raw numbers do not have"),
  open: (_, model) => ({
    read(outputs) {
      const named = outputs.map((output, index) => ({ name: model.outputs[index]?.name ?? "", shape: output.shape, values: numbers(output) }));
      return { values: values(outputs), prediction: { task: "raw", outputs: named } };
    },
    compared: allNumbers,
  }),
};
