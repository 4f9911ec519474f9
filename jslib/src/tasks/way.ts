/** How a picture goes through a network: at once, or in tiles. */
import type { Extra } from "../executor/extra-values";
import type { ModelSpec } from "../generated/contract";
import { PictureReader } from "../pixels/picture-reader";
import { TileRunner } from "../pixels/tile-runner";
import { tonesOf } from "./image";
import type { Output, Placement } from "./task";

/** As much of a network as this needs. */
export interface Runs {
  outputs(rgba: Uint8Array, extra?: Extra): Promise<Output[]>;
}

export interface Way {
  run(network: Runs, rgba: Uint8Array, placement: Placement, extra: Extra): Promise<Output[]>;
  /** The pixels are read until `run` has ended, and not only until it returns. */
  readonly keeps: boolean;
}

const AT_ONCE: Way = { keeps: false, run: (network, rgba, _, extra) => network.outputs(rgba, extra) };

/** Pictures keep their own size where they go in tiles. */
export const keepsSize = ({ task }: ModelSpec): boolean => task.kind === "image" && task.tiling !== null;

export function wayOf({ task, preprocess }: ModelSpec): Way {
  if (task.kind !== "image" || !task.tiling) return AT_ONCE;
  return new TileRunner(task.tiling, preprocess, new PictureReader(tonesOf(task), task.layout === "NCHW"));
}
