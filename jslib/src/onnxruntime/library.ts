/** ONNX Runtime Web beside TensorFlow.js: models of its own format, by WebAssembly with one thread. */
import { ONNX } from "../build-info";
import { tensorShape } from "../contract";
import type { Engine, Surroundings } from "../engine";
import { outputNames } from "../executor/executor";
import { filled, type Extra } from "../executor/extra-values";
import { Failure } from "../failure";
import { fetchBinary, type Bytes } from "../fetching";
import type { ModelSpec } from "../generated/contract";
import { NO_BACKEND } from "../generated/errors";
import { normalizer, type Values } from "../image/normalize";
import type { Library } from "../library";
import type { ModelParts, Network, Stages } from "../loading";
import { runPart } from "../part-script";
import type { Output } from "../tasks";
import { besideScript } from "../urls";
import type { Fed, OnnxRuntime, OnnxSession, OnnxStart } from "./session";

const refused = (backend: string, reason: string): Failure => new Failure(NO_BACKEND({ backend, reason }));
const noWasm = (reason: string): Failure => refused("wasm", reason);

/** It keeps no count of tensors, and its memory is not to be seen from outside: zeros say nothing about it. */
const ENGINE: Engine = {
  library: "onnxruntime",
  backend: "wasm",
  renderer: "",
  trials: [],
  memory: () => ({ tensors: 0, bytes: 0 }),
  onLost: () => () => undefined,
};

/** The script and the WebAssembly file, which arrive side by side. */
async function started(around: Surroundings): Promise<OnnxRuntime> {
  if (!ONNX) throw noWasm("this game's runtime was generated without ONNX Runtime");
  if (typeof WebAssembly !== "object") throw noWasm("this browser has no WebAssembly");
  const url = besideScript(around.scriptUrl, location.href, ONNX.file.path);
  const download = { fetch: around.fetch, signal: new AbortController().signal };
  const [start, wasm] = await Promise.all([runPart(ONNX, around, noWasm), fetchBinary(url, ONNX.file, download)]);
  return (start as OnnxStart)(wasm);
}

export class OnnxNetwork implements Network {
  /** Of TensorFlow.js's tensors it holds none, and ONNX Runtime does not count its own. */
  readonly resting = 0;
  stages: Stages = { feedMs: 0, outputMs: 0 };
  private readonly shape: readonly number[];
  private readonly values: Values;
  private readonly normalize: (rgba: Uint8Array, into: Values) => Values;
  private last: readonly Output[] | null = null;
  private running: Promise<unknown> = Promise.resolve();
  private disposed = false;

  constructor(
    private readonly session: OnnxSession,
    private readonly spec: ModelSpec,
  ) {
    this.normalize = normalizer(spec.preprocess);
    this.shape = [1, ...tensorShape(spec.preprocess)];
    const length = this.shape.reduce((product, size) => product * size);
    this.values = spec.input.dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
  }

  /** The array is filled again with every picture: whoever asks waits for the answer before. */
  async outputs(rgba: Uint8Array, extra: Extra = {}): Promise<Output[]> {
    if (this.disposed) throw new Error("it was disposed");
    const begun = performance.now();
    this.normalize(rgba, this.values);
    const feedMs = performance.now() - begun;
    const run = this.session.run(this.inputs(extra), outputNames(this.spec));
    this.running = run.catch(() => undefined);
    const outputs = await run;
    this.stages = { feedMs, outputMs: 0 }; // the session's answer holds the values already
    if (!extra.alone) this.last = outputs;
    return outputs;
  }

  private inputs({ given, alone = false }: Extra): Record<string, Fed> {
    const found: Record<string, Fed> = { [this.spec.input.name]: { values: this.values, shape: this.shape } };
    for (const entry of this.spec.extra_inputs) {
      const { name, shape } = entry.tensor;
      const before = entry.kind === "feedback" && !alone ? this.last?.[entry.output] : undefined;
      const values = entry.kind === "feedback" ? null : entry.kind === "given" ? (given?.get(name) ?? entry.values) : entry.values;
      found[name] = before ?? { values: filled(entry.tensor, values), shape };
    }
    return found;
  }

  /** In one go: a session's run cannot be divided. */
  warmUp(rgba: Uint8Array): Promise<Output[]> {
    return this.outputs(rgba, { alone: true });
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    void this.running.then(() => this.session.release()).catch(() => undefined);
  }
}

/** ONNX Runtime, fetched with the first model of the page that needs it and kept; a failed start is tried again. */
export class OnnxLibrary implements Library {
  private runtime: Promise<OnnxRuntime> | null = null;

  constructor(private readonly start: (around: Surroundings) => Promise<OnnxRuntime> = started) {}

  async open({ backend }: { readonly backend: string }, around: Surroundings): Promise<Engine> {
    if (backend !== "auto" && backend !== "wasm") throw refused(backend, "ONNX Runtime computes by wasm here");
    const starting = (this.runtime ??= this.start(around));
    try {
      await starting;
    } catch (thrown) {
      if (this.runtime === starting) this.runtime = null;
      throw thrown;
    }
    return ENGINE;
  }

  async load({ topology, shards }: ModelParts, spec: ModelSpec): Promise<Network> {
    if (!this.runtime) throw new Error("ONNX Runtime was not started");
    const weights = shards.map((data, at) => ({ path: spec.files.shards[at]?.path ?? "", data: data as Bytes }));
    return new OnnxNetwork(await (await this.runtime).open(topology as Bytes, weights), spec);
  }
}
