/** The script of ONNX Runtime Web, a bundle of its own: it leaves what it can do on its own element. */
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { Bytes } from "../fetching";
import type { Output } from "../tasks";
import type { Fed, OnnxRuntime, OnnxSession, OnnxStart, WeightFile } from "./session";

/** Whole numbers come as int32, for which the contract has a name. */
const MADE: Record<string, (fed: Fed) => Tensor> = {
  float32: ({ values, shape }) => new Tensor("float32", values as Float32Array, shape),
  int32: ({ values, shape }) => new Tensor("int32", values as Int32Array, shape),
  uint8: ({ values, shape }) => new Tensor("uint8", Uint8Array.from(values), shape),
  int64: ({ values, shape }) => new Tensor("int64", BigInt64Array.from(values as Int32Array, BigInt), shape),
  bool: ({ values, shape }) => new Tensor("bool", values as Uint8Array, shape),
};

/** ONNX Runtime has copied them out of WebAssembly's memory. */
const READ: Record<string, (tensor: Tensor) => Output["values"]> = {
  float32: ({ data }) => data as Float32Array,
  int32: ({ data }) => data as Int32Array,
  uint8: ({ data }) => Int32Array.from(data as Uint8Array),
  int64: ({ data }) => Int32Array.from(data as BigInt64Array, Number),
  bool: ({ data }) => data as Uint8Array,
};

class Session implements OnnxSession {
  private readonly made: ReadonlyMap<string, (fed: Fed) => Tensor>;

  constructor(private readonly inner: InferenceSession) {
    const made = new Map<string, (fed: Fed) => Tensor>();
    for (const input of inner.inputMetadata) {
      const maker = input.isTensor ? MADE[input.type] : undefined;
      if (!maker) throw new Error(`its input ${input.name} takes ${input.isTensor ? input.type : "no tensor"}`);
      made.set(input.name, maker);
    }
    this.made = made;
  }

  async run(inputs: Readonly<Record<string, Fed>>, outputs: readonly string[]): Promise<Output[]> {
    const feeds: Record<string, Tensor> = {};
    for (const [name, make] of this.made) {
      const fed = inputs[name];
      if (!fed) throw new Error(`its input ${name} was not given`);
      feeds[name] = make(fed);
    }
    const found = await this.inner.run(feeds, outputs);
    return outputs.map((name) => output(name, found[name]));
  }

  release(): Promise<void> {
    return this.inner.release();
  }
}

function output(name: string, found: Tensor | undefined): Output {
  const read = found && READ[found.type];
  if (!read) throw new Error(`its output ${name} gives ${found?.type ?? "nothing"}`);
  return { shape: found.dims, values: read(found) };
}

async function open(model: Bytes, weights: readonly WeightFile[]): Promise<OnnxSession> {
  const inner = await InferenceSession.create(model, { executionProviders: ["wasm"], externalData: [...weights] });
  try {
    return new Session(inner);
  } catch (thrown) {
    await inner.release();
    throw thrown;
  }
}

/** One thread, on the page's own: with its bytes at hand ONNX Runtime fetches nothing and makes no worker. */
const start: OnnxStart = (wasm): OnnxRuntime => {
  Object.assign(env.wasm, { wasmBinary: wasm, numThreads: 1, proxy: false });
  env.logLevel = "error";
  return { open };
};

(document.currentScript as HTMLScriptElement & { tfjsBridgePart?: () => OnnxStart }).tfjsBridgePart = () => start;
