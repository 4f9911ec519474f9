/** What the script of ONNX Runtime Web offers to this runtime, and nothing else of it. */
import type { Bytes } from "../fetching";
import type { Values } from "../image/normalize";
import type { Output } from "../tasks";

/** A file that the model names as the place of weights. */
export interface WeightFile {
  readonly path: string;
  readonly data: Bytes;
}

/** Values of an input, which has this shape. */
export interface Fed {
  readonly values: Values | Uint8Array;
  readonly shape: readonly number[];
}

export interface OnnxSession {
  /** The outputs of these names for all inputs, by theirs. */
  run(inputs: Readonly<Record<string, Fed>>, outputs: readonly string[]): Promise<Output[]>;
  /** Frees weights and all else that it holds. */
  release(): Promise<void>;
}

export interface OnnxRuntime {
  /** A model that is ready to run; throws what ONNX Runtime throws. */
  open(model: Bytes, weights: readonly WeightFile[]): Promise<OnnxSession>;
}

/** Makes it of the bytes of its WebAssembly file. */
export type OnnxStart = (wasm: Bytes) => OnnxRuntime;
