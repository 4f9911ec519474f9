/** Which backend is fastest for a model on this device, among those that give the right answer. */
import { BACKEND_LEFT_OUT, type CatalogueError } from "./generated/errors";
import { entryOf } from "./failure";
import type { BackendName } from "./options";

/** What a model gave on a backend: its scores for the seeded picture, and the median time of an inference. */
export interface Measured {
  readonly scores: Float32Array;
  readonly ms: number;
}

/** How a backend did: `ms` where it ran, `error` where it is not to be used. */
export interface Trial {
  readonly backend: BackendName;
  readonly ms: number | null;
  readonly error: CatalogueError | null;
}

/** A backend that can be tried. */
export interface Entrant {
  readonly backend: BackendName;
  use(): Promise<void>;
  onLost(callback: () => void): () => void;
}

/** A model as the measure of backends. */
export interface Tryout {
  /** The same for the same model and runtime only. */
  readonly key: string;
  /** Whether anyone still waits for the outcome. */
  wanted(): boolean;
  measure(entrant: Entrant): Promise<Measured>;
  /** Frees what it holds on other backends than this one. */
  keep(backend: BackendName | null): void;
  /** The right scores, where they are known. */
  golden(): Promise<Float32Array | null>;
}

/** Of the largest score. Half precision keeps three digits, of which many layers cost one. */
export const AGREEMENT = 0.02;

/** Largest difference of two answers, in parts of the largest right score; NaN and other lengths are as far as can be. */
export function distance(scores: Float32Array, right: Float32Array): number {
  if (scores.length !== right.length) return Infinity;
  const largest = right.reduce((most, score) => Math.max(most, Math.abs(score)), Number.MIN_VALUE);
  const worst = right.reduce((most, score, at) => Math.max(most, Math.abs(score - (scores[at] as number))), 0);
  return Number.isNaN(worst) ? Infinity : worst / largest;
}

interface Ran<E extends Entrant> extends Measured {
  readonly entrant: E;
}

/** Rejects when the context goes: what waits for it may wait for ever. */
function unlessLost<T>(entrant: Entrant, work: Promise<T>): Promise<T> {
  let stop = (): void => undefined;
  const lost = new Promise<never>((_, reject) => (stop = entrant.onLost(() => reject(new Error("its GPU context was lost")))));
  return Promise.race([work, lost]).finally(stop);
}

/**
 * The right answer: where two differ, the golden vector says; without one the last entrant counts, which computes on the
 * CPU in full precision.
 */
async function rightScores<E extends Entrant>(ran: readonly Ran<E>[], tryout: Tryout): Promise<Float32Array | null> {
  const last = ran[ran.length - 1];
  if (!last || ran.every(({ scores }) => distance(scores, last.scores) <= AGREEMENT)) return last?.scores ?? null;
  return (await tryout.golden()) ?? last.scores;
}

const leftOut = (backend: BackendName, reason: string): CatalogueError => BACKEND_LEFT_OUT({ backend, reason });

function trialOf<E extends Entrant>({ entrant: { backend }, scores, ms }: Ran<E>, right: Float32Array): Trial {
  const off = distance(scores, right);
  const wrong = off > AGREEMENT ? leftOut(backend, `its scores are off by ${(100 * off).toFixed(1)} % of the largest one`) : null;
  return { backend, ms, error: wrong };
}

export interface Outcome<E extends Entrant> {
  readonly best: E | undefined;
  readonly trials: readonly Trial[];
  /** False where another visit may come out differently. */
  readonly lasting: boolean;
}

/** Tries all of them, one after the other. Rejects only when nobody waits any more. */
export async function contest<E extends Entrant>(entrants: readonly E[], tryout: Tryout): Promise<Outcome<E>> {
  const ran: Ran<E>[] = [];
  const failed: Trial[] = [];
  for (const entrant of entrants) {
    try {
      await entrant.use();
      ran.push({ entrant, ...(await unlessLost(entrant, tryout.measure(entrant))) });
    } catch (thrown) {
      if (!tryout.wanted()) throw thrown;
      const { backend } = entrant;
      failed.push({ backend, ms: null, error: entryOf(thrown, ({ reason }) => leftOut(backend, reason)) });
    }
  }
  return judged(ran, failed, await rightScores(ran, tryout));
}

function judged<E extends Entrant>(ran: readonly Ran<E>[], failed: readonly Trial[], right: Float32Array | null): Outcome<E> {
  const trials = right ? ran.map((one) => trialOf(one, right)) : [];
  const good = ran.filter((_, at) => trials[at]?.error === null).sort((a, b) => a.ms - b.ms);
  return { best: good[0]?.entrant, trials: [...failed, ...trials], lasting: failed.length === 0 && good.length === ran.length };
}
