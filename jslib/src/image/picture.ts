/** Pictures of the model's size, which may still be on their way from the GPU. */

export interface Picture {
  /** RGBA, row 0 on top, alpha 255; valid until `release`. Rejects where they never come: lost, or released before. */
  readonly pixels: Promise<Uint8Array>;
  /** Milliseconds from the draw to the pixels, 0 where nothing had to be waited for. */
  readonly waitedMs: number;
  /** Somebody waits for the pixels from now on: they may be worth waiting for the GPU. Belongs into a task of its own, not the game's. */
  want?(): void;
  /** Nobody needs the pixels any more; a second call does nothing. */
  release(): void;
}

/** Buffers for pixels, used again and again. */
export class Spares {
  private readonly free: Uint8Array[] = [];

  constructor(private readonly bytes: number) {}

  take(): Uint8Array {
    return this.free.pop() ?? new Uint8Array(this.bytes);
  }

  give(pixels: Uint8Array): void {
    if (this.free.length < 2) this.free.push(pixels);
  }
}

/** A picture that is there; `spares` get its buffer back. */
export function pictureOf(pixels: Uint8Array, spares: Spares): Picture {
  let held = true;
  const release = (): void => {
    if (held) spares.give(pixels);
    held = false;
  };
  return { pixels: Promise.resolve(pixels), waitedMs: 0, release };
}
