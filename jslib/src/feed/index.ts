/** From fitted pixels to the model's input tensor, by the shortest way that the backend in use has. */
import { backend, getBackend, type Tensor } from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm/dist/backend_wasm";
import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import type { ModelSpec } from "../generated/contract";
import { arrayFeed } from "./array";
import { heapFeed } from "./heap";
import { pictureFits, textureFeed } from "./texture";

/** `pre.width * pre.height` RGBA pixels, row 0 on top → the input tensor [1, …], which the caller disposes of. */
export type Feed = (rgba: Uint8Array) => Tensor;

/** The way for the backend of this moment; a model that is loaded anew on another backend asks again. */
export function openFeed(spec: ModelSpec): Feed {
  const name = getBackend();
  if (name === "webgl" && pictureFits(spec.preprocess)) return textureFeed(spec, backend() as MathBackendWebGL);
  if (name === "wasm") return heapFeed(spec, backend() as BackendWasm);
  return arrayFeed(spec);
}
