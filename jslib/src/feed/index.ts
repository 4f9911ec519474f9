/** From fitted pixels to the model's input tensor, by the shortest way that the backend in use has. */
import { backend, getBackend, type Tensor } from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm/dist/backend_wasm";
import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import type { Extra } from "../executor/extra-values";
import type { ModelSpec } from "../generated/contract";
import { arrayFeed } from "./array";
import { heapFeed } from "./heap";
import { pictureFits, textureFeed } from "./texture";

/** `pre.width * pre.height` RGBA pixels, row 0 on top → the input tensor [1, …], which the caller disposes of. */
export type Feed = (rgba: Uint8Array) => Tensor;

/** The ways for one model's pictures: of its own size, and of the other that came last. */
export class Feeds {
  private readonly own: Feed;
  private other: { readonly width: number; readonly height: number; readonly feed: Feed } | null = null;

  constructor(private readonly spec: ModelSpec) {
    this.own = openFeed(spec);
  }

  tensor(rgba: Uint8Array, { size }: Extra): Tensor {
    return this.of(size)(rgba);
  }

  private of(size: Extra["size"]): Feed {
    const { preprocess } = this.spec;
    if (!size || (size.width === preprocess.width && size.height === preprocess.height)) return this.own;
    if (this.other?.width !== size.width || this.other.height !== size.height) {
      const { width, height } = size;
      this.other = { width, height, feed: openFeed({ ...this.spec, preprocess: { ...preprocess, width, height } }) };
    }
    return this.other.feed;
  }
}

/** The way for the backend of this moment; a model that is loaded anew on another backend asks again. */
export function openFeed(spec: ModelSpec): Feed {
  const name = getBackend();
  if (name === "webgl" && pictureFits(spec.preprocess)) return textureFeed(spec, backend() as MathBackendWebGL);
  if (name === "wasm") return heapFeed(spec, backend() as BackendWasm);
  return arrayFeed(spec);
}
