/** What the script of ONNX Runtime Web offers to this runtime, and nothing else of it. */
import type { Bytes } from "../fetching";
import type { Values } from "../image/normalize";

/** A file that the model names as the place of weights. */
export interface WeightFile {
  readonly path: string;
  readonly data: Bytes;
}

export interface OnnxSession {
  /** The values of the output `output` for those of the model's one input, which has this shape. */
  run(values: Values, shape: readonly number[], output: string): Promise<Float32Array>;
  /** Frees weights and all else that it holds. */
  release(): Promise<void>;
}

export interface OnnxRuntime {
  /** A model that is ready to run; throws what ONNX Runtime throws. */
  open(model: Bytes, weights: readonly WeightFile[]): Promise<OnnxSession>;
}

/** Makes it of the bytes of its WebAssembly file. */
export type OnnxStart = (wasm: Bytes) => OnnxRuntime;
