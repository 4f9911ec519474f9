/** A TensorFlow.js model in memory, ready to turn an input tensor into scores. */
import { dispose, engine, io, Tensor, tensor, tidy, type NamedTensorMap } from "@tensorflow/tfjs-core";
import { loadGraphModelSync, type GraphModel } from "@tensorflow/tfjs-converter";
import { loadLayersModel, type LayersModel } from "@tensorflow/tfjs-layers";
import type { ModelSpec } from "./generated/contract";
import { channelsOf } from "./contract";
import type { Bytes } from "./fetching";

/** A loaded model. `scores` takes the values of the input tensor and gives those of the output tensor. */
export interface Network {
  scores(input: Float32Array): Promise<Float32Array>;
  /** Frees the weights; a second call does nothing. */
  dispose(): void;
}

/** What was downloaded: the parsed model.json, and the shards in its order. */
export interface ModelParts {
  readonly topology: unknown;
  readonly shards: readonly Bytes[];
}

type Output = Tensor | Tensor[] | NamedTensorMap;

/** The two ways to run a model; `later` is for graphs with control flow or shapes that depend on values. */
interface Executor {
  now(input: Tensor): Output;
  later(input: Tensor): Promise<Output>;
  /** Names of the outputs, in the order of a list of tensors. */
  readonly names: readonly string[];
}

/** The model as TensorFlow.js takes it from memory. A training configuration would only make an optimizer. */
function artifactsOf({ topology, shards }: ModelParts): io.ModelArtifacts {
  const { trainingConfig: _, ...model } = topology as io.ModelJSON;
  const specs = io.getWeightSpecs(model.weightsManifest);
  return { ...io.getModelArtifactsForJSONSync(model, specs, new ArrayBuffer(0)), weightData: shards.map((shard) => shard.buffer) };
}

/** The name of a tensor without TensorFlow's output index: "scores:0" → "scores". */
const plainName = (name: string): string => name.replace(/:\d+$/, "");

function tensorsOf(output: Output): Tensor[] {
  return output instanceof Tensor ? [output] : Object.values(output as Tensor[]);
}

/** The one tensor of `output` that the contract speaks of. */
function chosen(output: Output, { names }: Executor, wanted: string): Tensor {
  const list = tensorsOf(output);
  const at = list.length === 1 ? 0 : names.findIndex((name) => plainName(name) === plainName(wanted));
  const found = list[at];
  if (!found) throw new Error(`it has no output ${wanted}`);
  return found;
}

type Graph = GraphModel<io.IOHandlerSync>;

function graphExecutor(model: Graph): Executor {
  return {
    now: (input) => model.execute(input),
    later: (input) => model.executeAsync(input),
    names: model.outputs.map(({ name }) => name),
  };
}

function layersExecutor(model: LayersModel): Executor {
  const now = (input: Tensor): Output => model.predict(input);
  return { now, later: (input) => Promise.resolve(now(input)), names: model.outputNames };
}

const REFUSED = /executeAsync/;

/** A loaded model; every call frees what it makes, and copies the scores off the backend. */
class LoadedNetwork implements Network {
  private mustWait = false;
  private disposed = false;
  /** Tensors of the inference in flight, which never ends when the backend's context is lost. */
  private readonly held = new Set<Tensor>();

  constructor(
    private readonly model: { dispose(): unknown },
    private readonly executor: Executor,
    private readonly spec: ModelSpec,
  ) {}

  async scores(values: Float32Array): Promise<Float32Array> {
    const { width, height } = this.spec.preprocess;
    const input = this.hold(tensor(values, [1, height, width, channelsOf(this.spec.preprocess)], "float32"));
    try {
      return await this.copied(this.executed(input) ?? (await this.awaited(input)));
    } finally {
      this.free(input);
    }
  }

  dispose(): void {
    if (!this.disposed) this.model.dispose();
    this.disposed = true;
    this.held.forEach((held) => this.free(held));
  }

  private hold(made: Tensor): Tensor {
    this.held.add(made);
    return made;
  }

  private free(held: Tensor): void {
    this.held.delete(held);
    held.dispose();
  }

  private async copied(scores: Tensor): Promise<Float32Array> {
    this.hold(scores);
    try {
      return Float32Array.from(await scores.data<"float32">());
    } finally {
      this.free(scores);
    }
  }

  /** The scores, or null where TensorFlow.js refuses to run the graph in one go. */
  private executed(input: Tensor): Tensor | null {
    if (this.mustWait) return null;
    try {
      return tidy(() => chosen(this.executor.now(input), this.executor, this.spec.output.name));
    } catch (thrown) {
      if (!(thrown instanceof Error && REFUSED.test(thrown.message))) throw thrown;
      this.mustWait = true;
      return null;
    }
  }

  private async awaited(input: Tensor): Promise<Tensor> {
    const output = await this.executor.later(input);
    const kept = chosen(output, this.executor, this.spec.output.name);
    dispose(tensorsOf(output).filter((other) => other !== kept));
    return kept;
  }
}

/** Loads within a scope, so that a failure leaves no weights behind. */
function graphNetwork(parts: ModelParts, spec: ModelSpec): Network {
  const loaded: Graph[] = [];
  tidy(() => {
    const model = loadGraphModelSync({ load: () => artifactsOf(parts) });
    loaded.push(model);
    return model.weights;
  });
  const model = loaded[0] as Graph;
  return new LoadedNetwork(model, graphExecutor(model), spec);
}

async function layersNetwork(parts: ModelParts, spec: ModelSpec): Promise<Network> {
  const before = new Set(Object.keys(engine().registeredVariables));
  try {
    const model = await loadLayersModel({ load: () => Promise.resolve(artifactsOf(parts)) });
    return new LoadedNetwork(model, layersExecutor(model), spec);
  } catch (thrown) {
    const made = Object.entries(engine().registeredVariables).filter(([name]) => !before.has(name));
    for (const [, variable] of made) variable.dispose();
    throw thrown;
  }
}

let turn: Promise<unknown> = Promise.resolve();

/** Puts the downloaded parts on the backend in use, one model after the other. Throws what TensorFlow.js throws. */
export function loadNetwork(parts: ModelParts, spec: ModelSpec): Promise<Network> {
  const load = spec.files.format === "layers-model" ? layersNetwork : graphNetwork;
  const loading = turn.then(() => load(parts, spec));
  turn = loading.catch(() => undefined);
  return loading;
}
