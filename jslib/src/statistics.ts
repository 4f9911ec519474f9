/** The numbers that `Stats` and the page object show. */
import { Backend, Path, STATS, type StatName } from "./generated/abi";
import type { PagePrediction } from "./api";
import type { BackendName } from "./options";

export type PathName = PagePrediction["path"];

const BACKENDS: Record<BackendName, number> = { webgl: Backend.WEBGL, wasm: Backend.WASM };
const PATHS: Record<PathName, number> = {
  pixels: Path.PIXELS,
  texture: Path.TEXTURE,
  camera: Path.CAMERA,
  probe: Path.PROBE,
};

export const backendNumber = (name: BackendName): number => BACKENDS[name];
export const pathNumber = (name: PathName): number => PATHS[name];

export type Statistics = Record<StatName, number>;

export function emptyStatistics(): Statistics {
  return Object.fromEntries(STATS.map((name) => [name, 0])) as Statistics;
}
