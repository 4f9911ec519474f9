/** A TensorFlow.js model in memory, ready to turn an input tensor into scores. */
import { engine, getBackend, tidy, type Tensor } from "@tensorflow/tfjs-core";
import type { ModelSpec } from "./generated/contract";
import type { Executor, LoadExecutor, ModelParts } from "./executor/executor";
import { openFeed, type Feed } from "./feed";
import { parts as present, type Parts } from "./parts";

export type { ModelParts } from "./executor/executor";

/** A loaded model. */
export interface Network {
  /** The values of the output tensor for a picture of the model's size: RGBA, row 0 on top, read before this returns. */
  scores(rgba: Uint8Array): Promise<Float32Array>;
  /** As `scores`, for the first time and spread over many calls of `pause`; what that throws ends it. */
  warmUp(rgba: Uint8Array, pause: Pause): Promise<Float32Array>;
  /** Live tensors of the page at the end of the newest inference, without those of inferences under way; -1 before. */
  readonly resting: number;
  /** What the newest inference took in milliseconds: making the input tensor, and waiting for its scores. */
  readonly stages: Stages;
  /** Frees the weights; a second call does nothing. */
  dispose(): void;
}

/** Gives the game its turn where that is due, or in any case. */
export type Pause = (always?: boolean) => Promise<void>;

export interface Stages {
  readonly feedMs: number;
  readonly outputMs: number;
}

const REFUSED = /executeAsync/;

/** What the inferences under way on this page hold in tensors. */
const underWay = { held: 0, unknown: 0 };

/** A loaded model; every call frees what it makes, and copies the scores off the backend. */
class LoadedNetwork implements Network {
  resting = -1;
  stages: Stages = { feedMs: 0, outputMs: 0 };
  private readonly feed: Feed;
  private mustWait = false;
  private disposed = false;
  /** Tensors of the inference in flight, which never ends when the backend's context is lost. */
  private readonly held = new Set<Tensor>();

  constructor(
    private readonly executor: Executor,
    spec: ModelSpec,
  ) {
    this.feed = openFeed(spec);
  }

  scores(rgba: Uint8Array): Promise<Float32Array> {
    return this.answer(rgba, (input) => this.executed(input) ?? this.executedLater(this.executor.later(input)));
  }

  async warmUp(rgba: Uint8Array, pause: Pause): Promise<Float32Array> {
    const { spread } = this.executor;
    if (!spread) return this.scores(rgba);
    if (present.webgl && getBackend() === "webgl") await this.compileAhead(rgba, present.webgl, pause);
    return this.answer(rgba, (input) => this.executedLater(spread(input, { pause, take: (step) => step() })));
  }

  private async answer(rgba: Uint8Array, run: (input: Tensor) => Tensor | Promise<Tensor>): Promise<Float32Array> {
    const begun = performance.now();
    const input = this.hold(this.feed(rgba));
    const feedMs = performance.now() - begun;
    try {
      const output = await run(input);
      const executed = performance.now();
      const scores = await this.copied(output);
      this.stages = { feedMs, outputMs: performance.now() - executed };
      return scores;
    } finally {
      this.free(input);
      this.count();
    }
  }

  /** The driver compiles all shaders at once. What cannot be done ahead fails, and is told, when it is done. */
  private async compileAhead(rgba: Uint8Array, { compileOnly, compiled }: NonNullable<Parts["webgl"]>, pause: Pause): Promise<void> {
    const input = this.hold(compileOnly(() => this.feed(rgba)));
    try {
      const run = this.executor.spread?.(input, { pause, take: compileOnly });
      if (run) this.free(await this.executedLater(run));
    } catch {
      await pause();
    } finally {
      this.free(input);
    }
    while (!compiled()) await pause(true);
  }

  dispose(): void {
    if (!this.disposed) this.executor.dispose();
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

  private async executedLater(run: Promise<Tensor>): Promise<Tensor> {
    underWay.unknown += 1;
    try {
      return this.hold(await run);
    } finally {
      underWay.unknown -= 1;
    }
  }

  private async copied(scores: Tensor): Promise<Float32Array> {
    try {
      return new Float32Array(await scores.data());
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

/** What `load` gives; throws where this runtime has no such part. */
function needed(load: LoadExecutor | undefined, what: string): LoadExecutor {
  if (!load) throw new Error(`this game's runtime was generated without what runs ${what}`);
  return load;
}

const anyGraph: LoadExecutor = (parts, spec) =>
  present.graphModel?.(parts, spec) ?? needed(present.converter, "this graph")(parts, spec);

const layers: LoadExecutor = (parts, spec) => needed(present.layersModel, "layers models")(parts, spec);

let turn: Promise<unknown> = Promise.resolve();

/** Puts the downloaded parts on the backend in use, one model after the other. Throws what TensorFlow.js throws. */
export function loadNetwork(parts: ModelParts, spec: ModelSpec): Promise<Network> {
  const load = spec.files.format === "layers-model" ? layers : anyGraph;
  const loading = turn.then(async () => new LoadedNetwork(await load(parts, spec), spec));
  turn = loading.catch(() => undefined);
  return loading;
}
