/** A TensorFlow.js model in memory, ready to turn pictures into the values of its outputs. */
import { engine, getBackend, tidy, type Tensor } from "@tensorflow/tfjs-core";
import type { ModelSpec } from "./generated/contract";
import type { Executor, LoadExecutor, ModelParts } from "./executor/executor";
import { ExtraInputs } from "./executor/extra";
import type { Extra } from "./executor/extra-values";
import { Feeds } from "./feed";
import { parts as present, type Parts } from "./parts";
import { openLevels, type LevelsSource } from "./pixels/outputs";
import type { Replays } from "./replay";
import type { Infer } from "./replay/replay";
import type { Output } from "./tasks";

export type { ModelParts } from "./executor/executor";

/** A loaded model. */
export interface Network {
  /**
   * The contract's outputs for a picture of the model's size, or of `extra.size`: RGBA, row 0 on top, read before this returns.
   * The arrays are the caller's.
   */
  outputs(rgba: Uint8Array, extra?: Extra): Promise<Output[]>;
  /** As `outputs` of a picture on its own, for the first time and spread over many calls of `pause`; what that throws ends it. */
  warmUp(rgba: Uint8Array, pause: Pause): Promise<Output[]>;
  /** Live tensors of the page at the end of the newest inference, without those of inferences under way; -1 before. */
  readonly resting: number;
  /** What the newest inference took in milliseconds: making the input tensor, and waiting for its outputs. */
  readonly stages: Stages;
  /** Inferences that were played from a recording; see replay/. */
  readonly played?: number;
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
const ALONE: Extra = { alone: true };

type Run = (inputs: readonly Tensor[]) => Tensor[] | Promise<Tensor[]>;

/** What the inferences under way on this page hold in tensors. */
const underWay = { held: 0, unknown: 0 };

const numbersOf = async (tensor: Tensor): Promise<Output> => ({ shape: tensor.shape, values: (await tensor.data()).slice() });

/** A loaded model; every call frees what it makes, and copies the outputs off the backend. */
class LoadedNetwork implements Network {
  resting = -1;
  stages: Stages = { feedMs: 0, outputMs: 0 };
  private readonly feeds: Feeds;
  private readonly levels: LevelsSource | null;
  private readonly extra: ExtraInputs;
  private readonly replays: Replays | null;
  private mustWait = false;
  private disposed = false;
  /** Tensors of the inference in flight, which never ends when the backend's context is lost. */
  private readonly held = new Set<Tensor>();

  constructor(
    private readonly executor: Executor,
    spec: ModelSpec,
  ) {
    this.feeds = new Feeds(spec);
    this.levels = openLevels(spec);
    this.extra = new ExtraInputs(spec.extra_inputs);
    this.replays = this.openReplays(spec);
  }

  get played(): number {
    return this.replays?.played ?? 0;
  }

  outputs(rgba: Uint8Array, extra: Extra = {}): Promise<Output[]> {
    return this.replays && !extra.size ? this.replayed(this.replays, rgba) : this.ordinary(rgba, extra);
  }

  private ordinary(rgba: Uint8Array, extra: Extra): Promise<Output[]> {
    return this.answer(rgba, extra, (inputs) => this.executed(inputs) ?? this.executedLater(this.executor.later(inputs)));
  }

  async warmUp(rgba: Uint8Array, pause: Pause): Promise<Output[]> {
    const { spread } = this.executor;
    if (!spread) return this.ordinary(rgba, ALONE);
    if (present.webgl && getBackend() === "webgl") await this.compileAhead(rgba, present.webgl, pause);
    return this.answer(rgba, ALONE, (inputs) => this.executedLater(spread(inputs, { pause, take: (step) => step() })));
  }

  /** For pictures of the model's own size alone: what else there is comes out differently each time, and levels have a reader of their own. */
  private openReplays({ extra_inputs, preprocess: { width, height } }: ModelSpec): Replays | null {
    const { webgl } = present;
    if (!webgl || getBackend() !== "webgl" || extra_inputs.length > 0 || this.levels) return null;
    return new webgl.Replays(4 * width * height, (rgba) => this.inferred(rgba), (rgba) => this.ordinary(rgba, {}));
  }

  private inferred(rgba: Uint8Array): ReturnType<Infer> {
    const inputs = [this.feeds.tensor(rgba, {})];
    try {
      return { inputs, outputs: tidy(() => this.executor.now(inputs)) };
    } catch (thrown) {
      inputs.forEach((input) => input.dispose());
      throw thrown;
    }
  }

  private async replayed(replays: Replays, rgba: Uint8Array): Promise<Output[]> {
    const begun = performance.now();
    const made = replays.outputs(rgba);
    const submitted = performance.now();
    const played = replays.played;
    const outputs = await made;
    if (played > 0) this.stages = { feedMs: submitted - begun, outputMs: performance.now() - submitted };
    this.count();
    return outputs;
  }

  private async answer(rgba: Uint8Array, extra: Extra, run: Run): Promise<Output[]> {
    const begun = performance.now();
    const inputs = this.inputs(() => this.feeds.tensor(rgba, extra), extra);
    const feedMs = performance.now() - begun;
    try {
      const made = await run(inputs.all);
      const executed = performance.now();
      const outputs = await this.copied(made, extra);
      this.stages = { feedMs, outputMs: performance.now() - executed };
      return outputs;
    } finally {
      inputs.own.forEach((input) => this.free(input));
      this.count();
    }
  }

  /** The picture's tensor and the others; `own` are those that go with this inference. */
  private inputs(picture: () => Tensor, extra: Extra): { readonly all: readonly Tensor[]; readonly own: readonly Tensor[] } {
    const { tensors, made } = this.extra.take(extra);
    const own = made.map((input) => this.hold(input));
    try {
      const first = this.hold(picture());
      own.push(first);
      return { all: [first, ...tensors], own };
    } catch (thrown) {
      own.forEach((input) => this.free(input));
      throw thrown;
    }
  }

  /** The driver compiles all shaders at once. What cannot be done ahead fails, and is told, when it is done. */
  private async compileAhead(rgba: Uint8Array, { compileOnly, compiled }: NonNullable<Parts["webgl"]>, pause: Pause): Promise<void> {
    const inputs = this.inputs(() => compileOnly(() => this.feeds.tensor(rgba, ALONE)), ALONE);
    try {
      const run = this.executor.spread?.(inputs.all, { pause, take: compileOnly });
      if (run) (await this.executedLater(run)).forEach((made) => this.free(made));
    } catch {
      await pause();
    } finally {
      inputs.own.forEach((input) => this.free(input));
    }
    while (!compiled()) await pause(true);
  }

  dispose(): void {
    if (!this.disposed) {
      this.replays?.dispose();
      this.executor.dispose();
      this.extra.dispose();
      this.levels?.dispose();
    }
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

  private async executedLater(run: Promise<Tensor[]>): Promise<Tensor[]> {
    underWay.unknown += 1;
    try {
      return (await run).map((made) => this.hold(made));
    } finally {
      underWay.unknown -= 1;
    }
  }

  private async copied(made: readonly Tensor[], { alone = false }: Extra): Promise<Output[]> {
    try {
      const outputs = await Promise.all(made.map((tensor, place) => (place === 0 ? this.levels?.levels(tensor) : null) ?? numbersOf(tensor)));
      if (!alone && !this.disposed) this.extra.keep(made);
      return outputs;
    } finally {
      made.forEach((tensor) => this.free(tensor));
    }
  }

  /** The outputs, or null where TensorFlow.js refuses to run the graph in one go. */
  private executed(inputs: readonly Tensor[]): Tensor[] | null {
    if (this.mustWait) return null;
    try {
      return tidy(() => this.executor.now(inputs)).map((made) => this.hold(made));
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
