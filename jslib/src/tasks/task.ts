/** The seam between a network's outputs and what they mean: one module of this folder for each task of the contract. */
import type { Check } from "../checks";
import type { ModelSpec } from "../generated/contract";
import type { KeptPixels } from "../pixels/pixels";

/**
 * The values of one output, in the order of its axes; bool comes as bytes of 0 and 1. Where `levels` is there, the backend has
 * worked out four bytes a pixel (see pixels/gpu.ts), which are handed back by calling it.
 */
export interface Output {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | Uint8Array;
  readonly levels?: () => void;
}

/** Of the picture that was handed over: its size in pixels, and whether the network saw it with left and right swapped. */
export interface Placement {
  readonly width: number;
  readonly height: number;
  readonly mirror: boolean;
}

/**
 * `values` is what the game gets (RESULT_DOC in `builder/abi.py`), `prediction` what the page and the harness get; `pixels` what
 * the game may fetch.
 */
export interface Reading<P> {
  readonly values: Float32Array;
  readonly prediction: P;
  readonly pixels?: KeptPixels;
}

/** Reads one model's outputs; its memory may live from picture to picture. */
export interface TaskReader<P> {
  /** Outputs in the contract's order. Throws an Error that says why they are not what the contract says. */
  read(outputs: readonly Output[], placement: Placement): Reading<P>;
  /** What must come out alike whatever computes, for `auto` to compare backends by; throws as `read`. A new array. */
  compared(outputs: readonly Output[]): Float32Array;
}

/** One task: how its part of a contract is checked, and who reads its outputs. */
export interface TaskKind<K extends ModelSpec["task"]["kind"], P> {
  readonly check: Check;
  /** Throws a Mismatch where the task does not fit outputs and labels. */
  requireFits(task: TaskOf<K>, model: ModelSpec): void;
  open(task: TaskOf<K>, model: ModelSpec): TaskReader<P>;
}

export type TaskOf<K extends ModelSpec["task"]["kind"]> = Extract<ModelSpec["task"], { kind: K }>;

/** Numbers of all outputs, one after the other. */
export function allNumbers(outputs: readonly Output[]): Float32Array {
  const all = new Float32Array(outputs.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { values } of outputs) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}
