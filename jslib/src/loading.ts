/** A TensorFlow.js model in memory, ready to turn an input tensor into scores. */
import { engine, io, tensor, tidy, type Tensor } from "@tensorflow/tfjs-core";
import { loadGraphModelSync, type GraphModel } from "@tensorflow/tfjs-converter";
import { loadLayersModel, type LayersModel } from "@tensorflow/tfjs-layers";
import type { ModelSpec } from "./generated/contract";
import { tensorShape } from "./contract";
import type { Bytes } from "./fetching";

/** A loaded model. `scores` takes the values of the input tensor and gives those of the output tensor. */
export interface Network {
  scores(input: Float32Array): Promise<Float32Array>;
  /** Live tensors of the page at the end of the newest inference, without those of inferences under way; -1 before. */
  readonly resting: number;
  /** Frees the weights; a second call does nothing. */
  dispose(): void;
}

/** What was downloaded: the parsed model.json, and the shards in its order. */
export interface ModelParts {
  readonly topology: unknown;
  readonly shards: readonly Bytes[];
}

/** The two ways to run a model; `later` is for graphs with control flow or shapes that depend on values. */
interface Executor {
  now(input: Tensor): Tensor;
  later(input: Tensor): Promise<Tensor>;
}

/** The model as TensorFlow.js takes it from memory. A training configuration would only make an optimizer. */
function artifactsOf({ topology, shards }: ModelParts): io.ModelArtifacts {
  const { trainingConfig: _, ...model } = topology as io.ModelJSON;
  const specs = io.getWeightSpecs(model.weightsManifest);
  return { ...io.getModelArtifactsForJSONSync(model, specs, new ArrayBuffer(0)), weightData: shards.map((shard) => shard.buffer) };
}

type Graph = GraphModel<io.IOHandlerSync>;

/** Asked for one output by its name, TensorFlow.js computes nothing else. */
function graphExecutor(model: Graph, { output }: ModelSpec): Executor {
  return {
    now: (input) => model.execute(input, output.name) as Tensor,
    later: (input) => model.executeAsync(input, output.name) as Promise<Tensor>,
  };
}

/** Computes all outputs; the tensors of the others are freed with the scope that `now` is called in. */
function layersExecutor(model: LayersModel, { output }: ModelSpec): Executor {
  const now = (input: Tensor): Tensor => {
    const made = [model.predict(input)].flat();
    const found = made[made.length === 1 ? 0 : model.outputNames.indexOf(output.name)];
    if (!found) throw new Error(`it has no output ${output.name}`);
    return found;
  };
  return { now, later: (input) => Promise.resolve(tidy(() => now(input))) };
}

const REFUSED = /executeAsync/;

/** What the inferences under way on this page hold in tensors. */
const underWay = { held: 0, unknown: 0 };

/** A loaded model; every call frees what it makes, and copies the scores off the backend. */
class LoadedNetwork implements Network {
  resting = -1;
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
    const { input: { dtype }, preprocess } = this.spec;
    const input = this.hold(tensor(dtype === "int32" ? Int32Array.from(values) : values, [1, ...tensorShape(preprocess)], dtype));
    try {
      return await this.copied(this.executed(input) ?? (await this.executedLater(input)));
    } finally {
      this.free(input);
      this.count();
    }
  }

  dispose(): void {
    if (!this.disposed) this.model.dispose();
    this.disposed = true;
    this.held.forEach((held) => this.free(held));
  }

  private hold(made: Tensor): Tensor {
    this.held.add(made);
    underWay.held += 1;
    return made;
  }

  private free(held: Tensor): void {
    if (this.held.delete(held)) underWay.held -= 1;
    held.dispose();
  }

  /** Nobody knows what a graph that runs piece by piece holds; where one does, the older count stays. */
  private count(): void {
    if (underWay.unknown === 0) this.resting = engine().state.numTensors - underWay.held;
  }

  private async executedLater(input: Tensor): Promise<Tensor> {
    underWay.unknown += 1;
    try {
      return this.hold(await this.executor.later(input));
    } finally {
      underWay.unknown -= 1;
    }
  }

  private async copied(scores: Tensor): Promise<Float32Array> {
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
      return this.hold(tidy(() => this.executor.now(input)));
    } catch (thrown) {
      if (!(thrown instanceof Error && REFUSED.test(thrown.message))) throw thrown;
      this.mustWait = true;
      return null;
    }
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
  return new LoadedNetwork(model, graphExecutor(model, spec), spec);
}

async function layersNetwork(parts: ModelParts, spec: ModelSpec): Promise<Network> {
  const before = new Set(Object.keys(engine().registeredVariables));
  try {
    const model = await loadLayersModel({ load: () => Promise.resolve(artifactsOf(parts)) });
    return new LoadedNetwork(model, layersExecutor(model, spec), spec);
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
