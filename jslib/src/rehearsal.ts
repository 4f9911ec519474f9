/** A model on each backend that comes into question: loaded, run once, and timed where there is a choice. */
import type { Entrant, Measured, Tryout } from "./choosing";
import type { ModelSpec } from "./generated/contract";
import { SEED, seededPicture } from "./image/seeded";
import type { ModelParts, Network, Pause } from "./loading";
import type { BackendName } from "./options";
import { openReader } from "./tasks";

/** A network that has run once, which compiles shaders. */
export interface Warm {
  readonly network: Network;
  readonly scores: Float32Array;
  readonly warmupMs: number;
}

export interface RehearsalTools {
  /** Milliseconds, ever growing. */
  now(): number;
  /** Calls back soon, after the browser had its turn. */
  defer(callback: () => void): void;
  loadNetwork(parts: ModelParts, spec: ModelSpec): Promise<Network>;
}

export interface Part {
  readonly key: string;
  readonly spec: ModelSpec;
  readonly parts: Promise<ModelParts>;
  readonly signal: AbortSignal;
  golden(): Promise<Float32Array | null>;
  /** The network is loaded, and its first inference begins. */
  loaded(): void;
}

/** Half of a frame at 60 Hz. */
const TURN_MS = 8;
const RUNS = 5;
const ENOUGH_MS = 400;

const median = (values: readonly number[]): number => values.slice().sort((a, b) => a - b)[values.length >> 1] as number;

export class Rehearsal implements Tryout {
  private readonly warm = new Map<BackendName, Warm>();
  private readonly loaded = new Set<Network>();
  private drawn: Uint8Array | null = null;
  private closed = false;

  constructor(
    private readonly part: Part,
    private readonly tools: RehearsalTools,
  ) {}

  get key(): string {
    return this.part.key;
  }

  wanted(): boolean {
    return !this.part.signal.aborted;
  }

  golden(): Promise<Float32Array | null> {
    return this.part.golden();
  }

  async measure(entrant: Entrant): Promise<Measured> {
    const { network, scores } = await this.warmedUp(entrant.backend);
    const times: number[] = [];
    for (let spent = 0; times.length < RUNS && spent < ENOUGH_MS; spent += times[times.length - 1] as number) {
      await this.turn(); // the game draws meanwhile
      times.push(await this.once(network));
    }
    return { scores, ms: median(times) };
  }

  keep(backend: BackendName | null): void {
    for (const [name, { network }] of [...this.warm]) if (name !== backend) this.free(network, name);
  }

  /** The model on the backend in use, which is `backend`. */
  async perform(backend: BackendName): Promise<Warm> {
    const warm = await this.warmedUp(backend);
    this.requireWanted();
    this.loaded.delete(warm.network);
    this.dispose();
    return warm;
  }

  /** Frees what was loaded and not handed over, also where its first inference never ends. */
  dispose(): void {
    this.closed = true;
    for (const network of this.loaded) network.dispose();
    this.loaded.clear();
    this.warm.clear();
  }

  private free(network: Network, backend: BackendName): void {
    this.warm.delete(backend);
    this.loaded.delete(network);
    network.dispose();
  }

  private requireWanted(): void {
    if (this.closed || !this.wanted()) throw new Error("it was disposed while loading");
  }

  private async warmedUp(backend: BackendName): Promise<Warm> {
    const before = this.warm.get(backend);
    if (before) return before;
    const parts = await this.part.parts;
    this.requireWanted();
    const network = await this.tools.loadNetwork(parts, this.part.spec);
    this.loaded.add(network);
    try {
      const warm = await this.firstRun(network);
      this.warm.set(backend, warm);
      return warm;
    } catch (thrown) {
      this.free(network, backend);
      throw thrown;
    }
  }

  private async firstRun(network: Network): Promise<Warm> {
    this.requireWanted();
    this.part.loaded();
    const begun = this.tools.now();
    const scores = openReader(this.part.spec).compared(await network.warmUp(this.picture, this.pauses()));
    this.requireWanted();
    return { network, scores, warmupMs: this.tools.now() - begun };
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.tools.defer(resolve));
  }

  /** Pauses that give the game its turn whenever the last one is long enough ago. */
  private pauses(): Pause {
    let since = this.tools.now();
    return async (always = false) => {
      if (!always && this.tools.now() - since < TURN_MS) return;
      await this.turn();
      this.requireWanted();
      since = this.tools.now();
    };
  }

  private async once(network: Network): Promise<number> {
    const begun = this.tools.now();
    await network.outputs(this.picture, { alone: true });
    this.requireWanted();
    return this.tools.now() - begun;
  }

  private get picture(): Uint8Array {
    const { width, height } = this.part.spec.preprocess;
    return (this.drawn ??= seededPicture(SEED, width, height));
  }
}
