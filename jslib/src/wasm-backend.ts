/** TensorFlow.js's wasm backend: SIMD, one thread, from a file whose length and SHA-256 this bundle knows. */
import { env, registerBackend } from "@tensorflow/tfjs-core";
import { BackendWasm } from "@tensorflow/tfjs-backend-wasm/dist/backend_wasm";
import type { BackendWasmModule, WasmFactoryConfig } from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm";
import wasmFactory from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
import { NO_BACKEND } from "./generated/errors";
import { WASM_FILE } from "./build-info";
import type { Surroundings } from "./engine";
import { Failure, reasonOf } from "./failure";
import { fetchBinary, type Bytes } from "./fetching";
import { besideScript } from "./urls";

const noWasm = (reason: string): Failure => new Failure(NO_BACKEND({ backend: "wasm", reason }));

async function wasmBytes({ scriptUrl, fetch }: Surroundings): Promise<Bytes> {
  if (!WASM_FILE) throw noWasm("this build of the runtime has no WebAssembly file");
  const url = besideScript(scriptUrl, location.href, WASM_FILE.path);
  return fetchBinary(url, WASM_FILE, { fetch, signal: new AbortController().signal });
}

/** Emscripten's module of the wasm file; handing over the bytes keeps it from fetching by itself. */
async function instantiate(bytes: Bytes): Promise<BackendWasmModule> {
  return new Promise((resolve, reject) => {
    const config: WasmFactoryConfig & { wasmBinary: Bytes } = {
      wasmBinary: bytes,
      locateFile: (path) => path,
      onAbort: (reason) => reject(noWasm(reasonOf(reason))),
    };
    wasmFactory(config).then(resolve, (thrown) => reject(noWasm(reasonOf(thrown))));
  });
}

/** The functions that TensorFlow.js expects on its module under `tfjs`, as its own start-up code binds them. */
function bindEntryPoints(module: BackendWasmModule): void {
  const { cwrap } = module as unknown as { cwrap: (name: string, returns: string | null, takes: string[]) => never };
  module.tfjs = {
    init: cwrap("init", null, []),
    initWithThreadsCount: cwrap("init_with_threads_count", null, ["number"]),
    getThreadsCount: cwrap("get_threads_count", "number", []),
    registerTensor: cwrap("register_tensor", null, ["number", "number", "number"]),
    disposeData: cwrap("dispose_data", null, ["number"]),
    dispose: cwrap("dispose", null, []),
  };
}

const ADDRESSABLE = 2 ** 32;

/**
 * The module with an allocation that fails as an error. TensorFlow.js takes address 0, which means that there was no
 * memory, for an address like any other and computes over its own memory; sizes from 4 GiB on wrap.
 */
function failingWithoutMemory(module: BackendWasmModule): BackendWasmModule {
  // Emscripten replaces its own property with the first call, so it is asked for every time.
  const raw = module as unknown as { _malloc(bytes: number): number };
  const allocate = (bytes: number): number => {
    const address = bytes < ADDRESSABLE ? raw._malloc(bytes) : 0;
    if (address === 0 && bytes > 0) throw new Error(`WebAssembly's allocation failed: ${bytes} bytes`);
    return address;
  };
  return Object.create(module, { _malloc: { value: allocate } }) as BackendWasmModule;
}

/** Makes the wasm backend known to TensorFlow.js, or fails with the reason. */
export async function registerWasm(around: Surroundings): Promise<void> {
  if (typeof WebAssembly !== "object") throw noWasm("this browser has no WebAssembly");
  if (!(await env().getAsync("WASM_HAS_SIMD_SUPPORT"))) throw noWasm("this browser's WebAssembly has no SIMD");
  const module = await instantiate(await wasmBytes(around));
  bindEntryPoints(module);
  const guarded = failingWithoutMemory(module);
  registerBackend("wasm", () => new BackendWasm(guarded), 2);
}
