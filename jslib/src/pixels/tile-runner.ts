/** Runs a network on one tile after the other, and joins what comes out. */
import type { Extra } from "../executor/extra-values";
import type { Output, Placement } from "../tasks/task";
import type { Runs, Way } from "../tasks/way";
import type { PictureReader } from "./picture-reader";
import { PixelPool, type KeptPixels } from "./pixels";
import { cutTile, pasteTile, tilesOf } from "./tiles";

type Size = { readonly width: number; readonly height: number };

export interface Tiles {
  readonly margin: number;
  readonly free: boolean;
}

const UPRIGHT = { mirror: false };

/** How much larger a result is than its tile. Throws an Error where that is no whole number, or not the same both ways. */
function factorOf(result: Size, tile: Size): number {
  const factor = result.width / tile.width;
  if (Number.isInteger(factor) && factor > 0 && result.height === tile.height * factor) return factor;
  throw new Error(`it makes ${result.width}x${result.height} pixels of a tile of ${tile.width}x${tile.height}: tiles need a whole factor`);
}

export class TileRunner implements Way {
  readonly keeps = true;
  private readonly pool = new PixelPool();

  constructor(
    private readonly tiles: Tiles,
    private readonly input: Size,
    private readonly reader: PictureReader,
  ) {}

  async run(network: Runs, rgba: Uint8Array, { width, height }: Placement, extra: Extra): Promise<Output[]> {
    const picture = { width, height };
    const size = this.sizeFor(picture);
    const cut = new Uint8Array(size.width * size.height * 4);
    let joined: KeptPixels | null = null;
    for (const tile of tilesOf(picture, size, this.tiles.margin)) {
      const result = await this.tile(network, cutTile(rgba, picture, tile, size, cut), { ...extra, size });
      const factor = factorOf(result, size);
      joined ??= this.pool.make(width * factor, height * factor, 4);
      pasteTile(result.bytes, size, tile, factor, joined.bytes, picture);
      result.release();
    }
    return joined ? [{ shape: [1, joined.height, joined.width, 4], values: joined.bytes, levels: joined.release }] : [];
  }

  private async tile(network: Runs, rgba: Uint8Array, extra: Extra): Promise<KeptPixels> {
    const [output] = await network.outputs(rgba, extra);
    if (!output) throw new Error("it gives nothing");
    try {
      return this.reader.read(output, UPRIGHT);
    } finally {
      output.levels?.();
    }
  }

  /** A free network takes a small picture as it is. */
  private sizeFor({ width, height }: Size): Size {
    const { free } = this.tiles;
    return free ? { width: Math.min(width, this.input.width), height: Math.min(height, this.input.height) } : this.input;
  }
}
