/** How often a model may begin anew after TensorFlow.js lost its GPU context: a context that is lost again and again is no use. */
export const RECOVERY_LIMIT = 3;
export const RECOVERY_WINDOW_MS = 60_000;

export class Recoveries {
  private readonly begun: number[] = [];

  /** True, and counted, unless there were RECOVERY_LIMIT within the window that ends at `now`, in milliseconds. */
  begin(now: number): boolean {
    while (this.begun[0] !== undefined && this.begun[0] <= now - RECOVERY_WINDOW_MS) this.begun.shift();
    if (this.begun.length >= RECOVERY_LIMIT) return false;
    this.begun.push(now);
    return true;
  }
}
