/** What the bundle script knows and writes into the bundle. */
import type { FileRef } from "./generated/contract";

declare const __GENERATOR__: string;
declare const __WASM_FILE__: FileRef;

/** Version of tfjs-for-unity that built this runtime. */
export const GENERATOR: string = typeof __GENERATOR__ === "undefined" ? "unbundled" : __GENERATOR__;

/** TensorFlow.js's WebAssembly file, which lies beside the script; absent where the sources run unbundled. */
export const WASM_FILE: FileRef | null = typeof __WASM_FILE__ === "undefined" ? null : __WASM_FILE__;
