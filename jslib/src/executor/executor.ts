/** What runs a loaded model: one face for graphs, for layers, and for whatever else can compute one output from one input. */
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

/** The ways to run a model; `later` is for graphs with control flow or shapes that depend on values. */
export interface Executor {
  /** The wanted output. Called within a scope that frees all else. */
  now(input: Tensor): Tensor;
  later(input: Tensor): Promise<Tensor>;
  /** Step by step, where it can; needs no scope. */
  spread?(input: Tensor, pace: Pace): Promise<Tensor>;
  /** Frees the weights. */
  dispose(): void;
}

/** Puts a model's weights on the backend in use; a failure leaves none of them behind. */
export type LoadExecutor = (parts: ModelParts, spec: ModelSpec) => Executor | Promise<Executor>;
