/** What the network saw last, for games and people who want to look at it. */
import type { Preprocess } from "./generated/contract";
import { luma } from "./image/normalize";
import type { Pixels } from "./pixels/pixels";

/** Keeps nothing, and costs nothing, before it is asked for the first time. */
export class Seen {
  private bytes: Uint8Array | null = null;
  private isWanted = false;

  constructor(private readonly pre: Preprocess) {}

  /** `rgba` is the caller's to use again. One that goes through in tiles has a size of its own, and is not kept. */
  keep(rgba: Uint8Array): void {
    if (!this.isWanted || rgba.length !== this.pre.width * this.pre.height * 4) return;
    this.bytes ??= new Uint8Array(rgba.length);
    this.bytes.set(rgba);
    if (this.pre.color === "gray") turnGray(this.bytes);
  }

  /** Null until a picture has come after the first time that this was asked. */
  pixels(): Pixels | null {
    this.isWanted = true;
    const { width, height } = this.pre;
    return this.bytes && { width, height, channels: 4, bytes: this.bytes };
  }
}

function turnGray(rgba: Uint8Array): void {
  for (let at = 0; at < rgba.length; at += 4) rgba.fill(luma(rgba[at]!, rgba[at + 1]!, rgba[at + 2]!), at, at + 3);
}
