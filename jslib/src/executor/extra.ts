/** What goes into the inputs that take no picture, as tensors. */
import { engine, type Tensor } from "@tensorflow/tfjs-core";
import type { ModelSpec, TensorSpec } from "../generated/contract";
import { filled, type Extra } from "./extra-values";

type Entry = ModelSpec["extra_inputs"][number];

/** An inference's extra inputs in the contract's order; `made` for it alone, to be freed when it has ended. */
export interface Taken {
  readonly tensors: readonly Tensor[];
  readonly made: readonly Tensor[];
}

const tensorOf = (tensor: TensorSpec, values: ArrayLike<number> | null): Tensor =>
  engine().makeTensor(filled(tensor, values), tensor.shape, tensor.dtype);

/** One model's, on the backend in use. */
export class ExtraInputs {
  private readonly fixed: readonly (Tensor | null)[];
  /** What was fed back, by the input's place. */
  private readonly fedBack = new Map<number, Tensor>();

  constructor(private readonly entries: readonly Entry[]) {
    this.fixed = entries.map((entry) => (entry.kind === "fixed" ? tensorOf(entry.tensor, entry.values) : null));
  }

  take({ given, alone = false }: Extra): Taken {
    const made: Tensor[] = [];
    const tensors = this.entries.map((entry, place) => {
      const there = this.fixed[place] ?? (alone ? undefined : this.fedBack.get(place));
      if (there) return there;
      const values = entry.kind === "given" ? (given?.get(entry.tensor.name) ?? entry.values) : null;
      const own = tensorOf(entry.tensor, values);
      made.push(own);
      return own;
    });
    return { tensors, made };
  }

  /** Keeps what the next picture needs of these outputs. */
  keep(outputs: readonly Tensor[]): void {
    this.entries.forEach((entry, place) => {
      if (entry.kind !== "feedback") return;
      this.fedBack.get(place)?.dispose();
      this.fedBack.set(place, (outputs[entry.output] as Tensor).clone());
    });
  }

  dispose(): void {
    for (const tensor of [...this.fixed, ...this.fedBack.values()]) tensor?.dispose();
    this.fedBack.clear();
  }
}
