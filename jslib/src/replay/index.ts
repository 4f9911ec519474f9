/**
 * Inferences on webgl without TensorFlow.js. What a model asks of WebGL is the same each time, but for the picture's bytes. So one
 * inference is recorded call by call, and later ones are these calls made again: no kernels, no texts of shaders and keys
 * that are put together for each of them, no tensors. See docs/adr/0017.
 */
import type { Output } from "../tasks";
import { Replay, type Infer } from "./replay";

/** How often recording is tried: at first textures have to be created, and that is nothing to be repeated. */
const ATTEMPTS = 3;

const equal = (some: readonly Output[], others: readonly Output[]): boolean =>
  some.every(({ values }, place) => values.every((value, at) => Object.is(value, others[place]?.values[at])));

/** One network's. The second inference after a recording is made in both ways, and must come out the same to the bit. */
export class Replays {
  /** Inferences that were played. */
  played = 0;
  private replay: Replay | null = null;
  private proved = false;
  private attempts = 0;

  /** `bytes`: of a picture. `ordinary` runs the same inference without any of this. */
  constructor(
    private readonly bytes: number,
    private readonly infer: Infer,
    private readonly ordinary: (rgba: Uint8Array) => Promise<Output[]>,
  ) {}

  outputs(rgba: Uint8Array): Promise<Output[]> {
    if (this.replay) return this.proved ? this.play(this.replay, rgba) : this.prove(this.replay, rgba);
    return this.recorded(rgba) ?? this.ordinary(rgba);
  }

  dispose(): void {
    this.replay?.dispose();
    this.replay = null;
    this.attempts = ATTEMPTS;
  }

  private play(replay: Replay, rgba: Uint8Array): Promise<Output[]> {
    this.played += 1;
    return replay.play(rgba);
  }

  private async prove(replay: Replay, rgba: Uint8Array): Promise<Output[]> {
    const played = await replay.play(rgba);
    const right = await this.ordinary(rgba);
    if (this.replay !== replay) return right; // disposed meanwhile
    this.proved = equal(played, right);
    if (!this.proved) this.dispose();
    return right;
  }

  private recorded(rgba: Uint8Array): Promise<Output[]> | null {
    if (this.attempts >= ATTEMPTS) return null;
    this.attempts += 1;
    const replay = new Replay(this.bytes);
    const outputs = this.attempted(replay, rgba);
    if (outputs && replay.good) this.replay = replay;
    else void (outputs ?? Promise.resolve()).finally(() => replay.dispose());
    return outputs;
  }

  /** What goes wrong here goes wrong in the ordinary way, too, and is told there. */
  private attempted(replay: Replay, rgba: Uint8Array): Promise<Output[]> | null {
    try {
      const outputs = replay.record(rgba, this.infer);
      if (!outputs) this.attempts = ATTEMPTS;
      return outputs;
    } catch {
      this.attempts = ATTEMPTS;
      return null;
    }
  }
}
