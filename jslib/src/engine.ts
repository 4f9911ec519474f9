/** What computes on this page: one engine, of the backend that was asked for, or of the one that is fastest here. */
import { NO_BACKEND, type CatalogueError } from "./generated/errors";
import { contest, type Entrant, type Outcome, type Trial, type Tryout } from "./choosing";
import { entryOf, Failure } from "./failure";
import type { Fetch } from "./fetching";
import { BACKENDS, type BackendName, type EngineChoice } from "./options";
import type { Choices } from "./remembering";

/** A running backend. */
export interface Engine {
  /** Whose backend it is. */
  readonly library: "tensorflow.js" | "onnxruntime";
  readonly backend: BackendName;
  /** What draws for webgl, "" for wasm. */
  readonly renderer: string;
  /** What was tried, and how it did, where this engine was chosen by measurement. */
  readonly trials: readonly Trial[];
  /** Live tensors of the whole page and their bytes; zeros of a library that does not count them. */
  memory(): { tensors: number; bytes: number };
  /** Calls back once if the backend loses its GPU context, at once if it has; the returned function ends that. */
  onLost(callback: () => void): () => void;
}

/** Where the wasm file lies, and how to fetch it. */
export interface Surroundings {
  readonly scriptUrl: string;
  readonly fetch: Fetch;
}

/** A backend that has started. */
export interface Started {
  readonly renderer: string;
  memory(): { tensors: number; bytes: number };
  /** Makes it the one that computes. */
  use(): Promise<void>;
  /** Frees all that it holds. */
  stop(): void;
}

/** Starts a backend or fails with the reason; `lost` is called at most once, when its GPU context goes. */
export type Starter = (choice: EngineChoice, around: Surroundings, lost: () => void) => Promise<Started>;

class RunningEngine implements Engine, Entrant {
  readonly library = "tensorflow.js";
  trials: readonly Trial[] = [];
  started!: Started;
  private readonly listeners = new Set<() => void>();
  private isLost = false;

  constructor(readonly backend: BackendName) {}

  get renderer(): string {
    return this.started.renderer;
  }

  memory(): { tensors: number; bytes: number } {
    return this.started.memory();
  }

  use(): Promise<void> {
    return this.started.use();
  }

  onLost(callback: () => void): () => void {
    if (this.isLost) callback();
    else this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  lose(): void {
    this.isLost = true;
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const callback of listeners) callback();
  }
}

interface Opening {
  readonly choice: EngineChoice;
  readonly around: Surroundings;
  readonly tryout: Tryout | undefined;
}

/** The page's engine, one at a time. */
export class Engines {
  private running: Promise<RunningEngine> | null = null;
  private current: RunningEngine | null = null;

  constructor(
    private readonly starters: Readonly<Record<BackendName, Starter>>,
    private readonly choices: Choices,
  ) {}

  /** What draws for the page's webgl backend; "" where there is none. */
  get renderer(): string {
    return this.current?.renderer ?? "";
  }

  /**
   * The first call decides which backend that is; with `tryout` and `auto`, by measurement. A model that insists on another
   * one later is refused. A failed start leaves the choice open again.
   */
  async open(choice: EngineChoice, around: Surroundings, tryout?: Tryout): Promise<Engine> {
    for (;;) {
      if (this.running === null) return this.begin({ choice, around, tryout });
      const engine = await this.running.catch(() => null); // another model's failure is not this one's
      if (!engine) continue;
      requireSame(engine, choice);
      return engine;
    }
  }

  private async begin(opening: Opening): Promise<Engine> {
    const starting = opening.choice.backend === "auto" ? this.chosen(opening) : this.start(opening.choice.backend, opening);
    this.running = starting;
    try {
      const engine = await starting;
      engine.onLost(() => this.forget(starting));
      this.current = this.running === starting ? engine : this.current;
      return engine;
    } catch (thrown) {
      this.forget(starting);
      throw thrown;
    }
  }

  private forget(gone: Promise<RunningEngine>): void {
    if (this.running !== gone) return;
    this.running = this.current = null;
  }

  private async start(backend: BackendName, { choice, around }: Opening): Promise<RunningEngine> {
    const engine = new RunningEngine(backend);
    engine.started = await this.starters[backend](choice, around, () => engine.lose());
    return engine;
  }

  /** Of those that start: what was fastest on an earlier visit, or else now. */
  private async chosen(opening: Opening): Promise<RunningEngine> {
    const [refused, able]: [Trial[], RunningEngine[]] = [[], []];
    const attempt = async (backend: BackendName): Promise<void> => {
      try {
        able.push(await this.start(backend, opening));
      } catch (thrown) {
        refused.push({ backend, ms: null, error: entryOf(thrown, ({ reason }) => NO_BACKEND({ backend, reason })) });
      }
    };
    const [first, ...others] = BACKENDS;
    await attempt(first);
    const { tryout } = opening;
    const renderer = able[0]?.renderer ?? "";
    const known = tryout ? this.recalled(tryout, renderer) : able[0]?.backend;
    for (const backend of others) if (known === undefined || backend === known) await attempt(backend);
    return this.best(able, refused, known, opening, renderer);
  }

  private recalled({ key }: Tryout, renderer: string): BackendName | undefined {
    const name = this.choices.recall(key, renderer);
    return BACKENDS.find((backend) => backend === name);
  }

  private async best(able: RunningEngine[], refused: Trial[], known: BackendName | undefined, opening: Opening, renderer: string): Promise<RunningEngine> {
    const recalled = able.find(({ backend }) => backend === known) ?? (able.length === 1 ? able[0] : undefined);
    const { tryout } = opening;
    if (recalled || !tryout) return settled(recalled ?? able[0], able, refused);
    const { best, trials, lasting } = await this.contested(able, tryout);
    tryout.keep(best?.backend ?? null);
    if (best && lasting) this.choices.remember(tryout.key, renderer, best.backend);
    return settled(best, able, [...refused, ...trials]);
  }

  private async contested(able: readonly RunningEngine[], tryout: Tryout): Promise<Outcome<RunningEngine>> {
    try {
      return await contest(able, tryout);
    } catch (thrown) {
      for (const { started } of able) started.stop();
      throw thrown;
    }
  }
}

/** Puts `engine` to use and lets the others go; fails with the last trial's reason where there is none. */
async function settled(engine: RunningEngine | undefined, able: readonly RunningEngine[], trials: readonly Trial[]): Promise<RunningEngine> {
  for (const other of able) if (other !== engine) other.started.stop();
  if (!engine) throw new Failure(trials[trials.length - 1]?.error as CatalogueError);
  engine.trials = trials;
  await engine.use();
  return engine;
}

/** One backend computes at a time: a model that insists on another than the page's first one is refused. */
function requireSame(engine: Engine, { backend }: EngineChoice): void {
  if (backend === "auto" || backend === engine.backend) return;
  throw new Failure(NO_BACKEND({ backend, reason: `another model of this page already runs on ${engine.backend}` }));
}
