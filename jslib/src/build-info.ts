/** What is known when the runtime is bundled, and what is known when `generate` joins it. */
import type { FileRef } from "./generated/contract";

/** A part with a script of its own: where it lies, and what of this script it is called with. */
export interface PartScript {
  readonly script: FileRef;
  readonly names: () => unknown[];
}

/** Written before everything else by whoever joins the runtime; files lie beside its script. */
interface Joined {
  /** The kernels that were asked for; absent where that was all of them. */
  readonly kernels?: readonly string[];
  readonly wasm?: Partial<PartScript> & { readonly file: FileRef };
  readonly onnx?: PartScript & { readonly file: FileRef };
}

declare const __GENERATOR__: string;
declare const __JOINED__: Joined;

/** Version of tfjs-for-unity that built this runtime. */
export const GENERATOR: string = typeof __GENERATOR__ === "undefined" ? "unbundled" : __GENERATOR__;

const JOINED: Joined = typeof __JOINED__ === "undefined" ? {} : __JOINED__;

/** TensorFlow.js's WebAssembly file; absent where the sources run unbundled, and where no model may use it. */
export const WASM_FILE: FileRef | null = JOINED.wasm?.file ?? null;

/** The script of the wasm backend; absent where it is a part of this script. */
export const WASM_SCRIPT: PartScript | null = JOINED.wasm?.script ? (JOINED.wasm as PartScript) : null;

/** Whether this runtime was joined without this kernel, so that not the backend is to blame for its absence. */
export const isLeftOut = (kernel: string): boolean => JOINED.kernels !== undefined && !JOINED.kernels.includes(kernel);

/** ONNX Runtime Web: its script and its WebAssembly file; absent where no model needs it. */
export const ONNX: (PartScript & { readonly file: FileRef }) | null = JOINED.onnx ?? null;
