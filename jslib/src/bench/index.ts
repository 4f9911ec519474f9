/**
 * A lane of a measurement: one game and one contender in a page or frame of their own. `tfjsBench` opens it and runs
 * blocks of predictions; the tool decides which lane runs when. No game contains it.
 */
import { idle, runBlock, type BlockRequest, type BlockResult } from "./block";
import { openBridge } from "./bridge";
import { Awaited, loadScript, type Contender, type Opening, type Setup } from "./contender";
import { Game, type Size } from "./game";
import { openPlain, scoresOf } from "./plain";

interface Opened {
  /** From the first byte of its scripts to the first scores in the game, milliseconds. */
  readonly firstMs: number;
  readonly renderer: string;
  /** What was fetched for it. */
  readonly urls: readonly string[];
}

interface Lane {
  readonly game: Game;
  readonly contender: Contender;
}

const openings = new Map<string, Opening>([
  ["bridge", openBridge],
  ["plain", openPlain],
]);
let lane: Lane | null = null;

function rendererOf(gl: WebGL2RenderingContext): string {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

async function open(setup: Setup, path: string): Promise<Opened> {
  const opening = openings.get(setup.contender);
  if (!opening) throw new Error(`nobody is called ${setup.contender}`);
  const game = new Game(setup.size);
  if (path === "camera") await game.openCamera();
  performance.clearResourceTimings();
  const begun = performance.now();
  const contender = await opening(setup, game);
  await runBlock(game, contender, { path, predictions: 1, first: 0 });
  const firstMs = performance.now() - begun;
  lane = { game, contender };
  const urls = performance.getEntriesByType("resource").map(({ name }) => name);
  return { firstMs, renderer: rendererOf(game.gl), urls: [...new Set(urls)] };
}

function requireLane(): Lane {
  if (!lane) throw new Error("nothing is open on this page");
  return lane;
}

async function block(request: BlockRequest): Promise<BlockResult & { readonly tensors: number }> {
  const { game, contender } = requireLane();
  if (request.path === "camera") await game.openCamera();
  const result = await runBlock(game, contender, request);
  return { ...result, tensors: contender.tensors() };
}

const resize = (size: Size): void => requireLane().game.resize(size);

/** Lets a script of the page take part. */
const register = (name: string, opening: Opening): void => void openings.set(name, opening);

const bench = { open, resize, block, idle: (frames: number) => idle(requireLane().game, frames), register, Awaited, loadScript, scoresOf };
export type Bench = typeof bench;
Object.defineProperty(globalThis, "tfjsBench", { value: Object.freeze(bench) });
