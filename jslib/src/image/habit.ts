/**
 * Whether to wait for a picture's fence, or for the GPU itself. The fence holds nothing up, but where the GPU's process has
 * other work it is seen late; to fetch at once holds the page up until the picture is drawn. Which is better is measured on
 * the device: both are tried in turns, and waiting for the GPU must save more than it holds up.
 */
type Way = "fence" | "once";

/** Pictures for each way that are measured, after some that do not count. */
const TRIED = 5;
const UNCOUNTED = 2;
/** What else the GPU does changes: after so many pictures, or when TRIED in a row took too long, all begins anew. */
const VALID = 512;
/** A frame at 60 Hz must not be missed. */
const MOST_MS = 16;

const middle = (times: readonly number[]): number => times.slice().sort((a, b) => a - b)[times.length >> 1] as number;

export class Habit {
  private readonly times: Record<Way, number[]> = { fence: [], once: [] };
  private pictures = 0;
  private best: Way | null = null;
  /** How many in a row took too long. */
  private late = 0;

  /** The way for the picture that is wanted now. */
  next(): Way {
    this.pictures += 1;
    if (this.pictures > VALID) this.again();
    if (this.best) return this.best;
    return this.pictures % 2 === 0 ? "once" : "fence";
  }

  /** `ms`: from the wish to the pixels. */
  took(way: Way, ms: number): void {
    if (this.best) this.watch(way, ms);
    else if (this.pictures > UNCOUNTED) this.count(way, ms);
  }

  private count(way: Way, ms: number): void {
    const { fence, once } = this.times;
    this.times[way].push(ms);
    if (Math.min(fence.length, once.length) >= TRIED) this.best = this.judged(middle(fence), middle(once));
  }

  private judged(fence: number, once: number): Way {
    return once < MOST_MS && fence - once > once ? "once" : "fence";
  }

  private watch(way: Way, ms: number): void {
    this.late = way === "once" && ms > MOST_MS ? this.late + 1 : 0;
    if (this.late === TRIED) this.again();
  }

  private again(): void {
    this.late = 0;
    this.times.fence.length = this.times.once.length = this.pictures = 0;
    this.best = null;
  }
}
