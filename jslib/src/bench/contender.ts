/** What is measured: anything that turns the game's newest picture into scores. */
import type { Preprocess } from "../generated/contract";
import type { Game, Size } from "./game";

export interface Setup {
  /** Name of the contender: `bridge`, `plain`, or one that a script of the page has registered. */
  readonly contender: string;
  readonly backend: string;
  readonly size: Size;
  readonly softwareWebgl: boolean;
  readonly contractUrl: string;
  readonly contractHash: string;
  readonly scriptUrl: string;
  readonly modelUrl: string;
  readonly referenceUrl: string;
  /** For contenders of other scripts: where their files lie. */
  readonly urls: Readonly<Record<string, string>>;
  readonly output: string;
  readonly format: string;
  readonly softmax: boolean;
  readonly skipFirst: number;
  readonly preprocess: Preprocess;
  readonly dtype: string;
}

export interface Finished {
  /** Asked for when everything is measured. */
  scores(): ArrayLike<number>;
  /** From the submission to the scores being there, milliseconds. */
  readonly latencyMs: number;
}

/** `prepare` comes a frame before `submit`, and is not timed. `submit` and `poll` are called within the game's frames; at most one prediction is under way. */
export interface Contender {
  prepare?(path: string): void;
  /** False: not yet, as with a camera that has no picture. Throws where it is refused for good. */
  submit(path: string, frame: number): boolean;
  poll(): Finished | null;
  /** Live tensors, -1 where there is no such number. */
  tensors(): number;
  /** Milliseconds of the newest prediction's parts, by name. */
  stages(): Readonly<Record<string, number>>;
}

export type Predict = (path: string) => Promise<ArrayLike<number>>;
export type Opening = (setup: Setup, game: Game) => Promise<Contender>;

/** A contender that answers with a promise; its time ends when that is kept. */
export class Awaited implements Contender {
  private finished: Finished | null = null;
  private failure: unknown = null;

  constructor(
    private readonly predict: Predict,
    readonly tensors: () => number = () => -1,
  ) {}

  submit(path: string): boolean {
    const begun = performance.now();
    this.predict(path).then(
      (scores) => (this.finished = { scores: () => scores, latencyMs: performance.now() - begun }),
      (thrown: unknown) => (this.failure = thrown ?? new Error("it failed without a reason")),
    );
    return true;
  }

  poll(): Finished | null {
    if (this.failure !== null) throw this.failure;
    const { finished } = this;
    this.finished = null;
    return finished;
  }

  stages(): Record<string, number> {
    return {};
  }
}

/** Adds a script to the page; rejects where it does not load. */
export function loadScript(url: string): Promise<void> {
  return new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.onload = () => loaded();
    script.onerror = () => failed(new Error(`the script ${url} does not load`));
    script.src = url;
    document.head.appendChild(script);
  });
}
