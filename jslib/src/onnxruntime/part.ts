/** The script of ONNX Runtime Web, a bundle of its own: it leaves what it can do on its own element. */
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { Bytes } from "../fetching";
import type { Values } from "../image/normalize";
import type { OnnxRuntime, OnnxSession, OnnxStart, WeightFile } from "./session";

/** Whole numbers come as int32, for which the contract has a name. */
const MADE: Record<string, (values: Values, shape: readonly number[]) => Tensor> = {
  float32: (values, shape) => new Tensor("float32", values as Float32Array, shape),
  int32: (values, shape) => new Tensor("int32", values as Int32Array, shape),
  uint8: (values, shape) => new Tensor("uint8", Uint8Array.from(values), shape),
  int64: (values, shape) => new Tensor("int64", BigInt64Array.from(values as Int32Array, BigInt), shape),
};

class Session implements OnnxSession {
  private readonly name: string;
  private readonly made: (values: Values, shape: readonly number[]) => Tensor;

  constructor(private readonly inner: InferenceSession) {
    const [input, more] = inner.inputMetadata;
    const made = input?.isTensor ? MADE[input.type] : undefined;
    if (!input || more || !made) throw new Error(`it does not take one picture, but ${inner.inputNames.join(", ") || "nothing"}`);
    this.name = input.name;
    this.made = made;
  }

  async run(values: Values, shape: readonly number[], output: string): Promise<Float32Array> {
    const found = (await this.inner.run({ [this.name]: this.made(values, shape) }, [output]))[output];
    if (found?.type !== "float32") throw new Error(`its output ${output} gives ${found?.type ?? "nothing"}`);
    return found.data as Float32Array; // ONNX Runtime has copied it out of WebAssembly's memory
  }

  release(): Promise<void> {
    return this.inner.release();
  }
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
