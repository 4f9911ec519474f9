/** Which of the kept files have to go, so that what is kept on a player's device stays within bounds. */

/** A kept file: its bytes, and when it was last used, in milliseconds since 1970. */
export interface Kept {
  readonly sha256: string;
  readonly bytes: number;
  readonly used: number;
}

export const KEEP_BYTES = 512 * 1024 * 1024;
export const KEEP_MS = 60 * 24 * 60 * 60 * 1000;

export interface Bounds {
  readonly now: number;
  readonly limit: number;
  /** What the page itself uses never goes. */
  readonly inUse: ReadonlySet<string>;
}

/** The files that must go before `bytes` more are kept: long unused ones, then the longest unused; null where that is not enough. */
export function leaving(kept: readonly Kept[], bytes: number, { now, limit, inUse }: Bounds): string[] | null {
  const free = kept.filter(({ sha256 }) => !inUse.has(sha256)).sort((a, b) => a.used - b.used);
  let total = kept.reduce((sum, file) => sum + file.bytes, bytes);
  const gone: string[] = [];
  for (const file of free) {
    if (total <= limit && file.used > now - KEEP_MS) break;
    total -= file.bytes;
    gone.push(file.sha256);
  }
  return total <= limit ? gone : null;
}
