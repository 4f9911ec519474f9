/** What runs a loaded model: one face for graphs, for layers, and for whatever else can compute outputs from inputs. */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { ModelSpec } from "../generated/contract";
import type { Bytes } from "../fetching";

/** What was downloaded: the parsed model.json, or the bytes of a format that is none; and the shards in the contract's order. */
export interface ModelParts {
  readonly topology: unknown;
  readonly shards: readonly Bytes[];
}

/** How a run is spread over time. */
export interface Pace {
  /** Awaited between steps; what it throws ends the run. */
  pause(): Promise<void>;
  /** Takes one step. */
  take<T>(step: () => T): T;
}

/**
 * The ways to run a model; `later` is for graphs with control flow or shapes that depend on values. Inputs are in the order of
 * `inputNames`, outputs in that of the contract; two of them may be the same tensor.
 */
export interface Executor {
  /** Called within a scope that frees all but the outputs. */
  now(inputs: readonly Tensor[]): Tensor[];
  later(inputs: readonly Tensor[]): Promise<Tensor[]>;
  /** Step by step, where it can; needs no scope. */
  spread?(inputs: readonly Tensor[], pace: Pace): Promise<Tensor[]>;
  /** Frees the weights. */
  dispose(): void;
}

/** The picture's input first, then the others. */
export const inputNames = ({ input, extra_inputs }: ModelSpec): string[] => [input.name, ...extra_inputs.map(({ tensor }) => tensor.name)];

export const outputNames = ({ outputs }: ModelSpec): string[] => outputs.map(({ name }) => name);

/** Puts a model's weights on the backend in use; a failure leaves none of them behind. */
export type LoadExecutor = (parts: ModelParts, spec: ModelSpec) => Executor | Promise<Executor>;
