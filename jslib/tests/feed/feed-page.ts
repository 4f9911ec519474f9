/** The page in which tests/e2e/test_feed.py makes input tensors: `globalThis.feedPage`. */
import { engine, setBackend } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { openFeed } from "../../src/feed";
import type { ModelSpec } from "../../src/generated/contract";
import { registerWasm } from "../../src/wasm-backend";
import { computingContext, registerWebgl } from "../../src/webgl-backend";

const decode = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

async function open(backend: "webgl" | "wasm" | "cpu"): Promise<void> {
  if (backend === "webgl") registerWebgl(computingContext(true).gl!);
  if (backend === "wasm") await registerWasm({ scriptUrl: document.URL, fetch: (url, init) => fetch(url, init) });
  if (!(await setBackend(backend))) throw new Error(`${backend} does not start`);
}

interface Made {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: number[];
}

/** The input tensors that a model's feed makes of each picture in turn, and the tensors that are left in the end. */
async function made(spec: ModelSpec, pictures: string[]): Promise<{ made: Made[]; left: number }> {
  const before = engine().state.numTensors;
  const feed = openFeed(spec);
  const all = [];
  for (const picture of pictures) {
    const pixels = decode(picture);
    const tensor = feed(pixels);
    pixels.fill(0); // it was taken before the call returned
    all.push({ shape: tensor.shape, dtype: tensor.dtype, values: Array.from(await tensor.data()) });
    tensor.dispose();
  }
  return { made: all, left: engine().state.numTensors - before };
}

Object.assign(globalThis, { feedPage: { open, made } });
