/** The wasm backend: values are written where its kernels read them, in WebAssembly's own memory. */
import { engine } from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm/dist/backend_wasm";
import { tensorShape } from "../contract";
import type { ModelSpec } from "../generated/contract";
import { normalizer, type Values } from "../image/normalize";
import type { Feed } from "./index";

export function heapFeed({ input: { dtype }, preprocess }: ModelSpec, backend: BackendWasm): Feed {
  const normalize = normalizer(preprocess);
  const shape = [1, ...tensorShape(preprocess)];
  return (rgba) => {
    const made = backend.makeOutput(shape, dtype);
    // The view lives until memory grows; nothing allocates in between.
    normalize(rgba, backend.typedArrayFromHeap(made) as Values);
    return engine().makeTensorFromTensorInfo(made, backend);
  };
}
