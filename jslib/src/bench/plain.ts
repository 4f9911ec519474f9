/** TensorFlow.js as it is, on a 2D canvas and without a game: what the reference page offers, on this page. */
import type { Reference } from "../reference";
import { Awaited, loadScript, type Contender, type Setup } from "./contender";
import type { Game } from "./game";

const scope = globalThis as { readonly tfjsReference?: Reference };

export async function openPlain(setup: Setup, game: Game): Promise<Contender> {
  await loadScript(setup.referenceUrl);
  const reference = scope.tfjsReference;
  if (!reference) throw new Error("the reference page's script left no tfjsReference");
  const { backend, softwareWebgl, modelUrl } = setup;
  await reference.load({ url: modelUrl, backend: backend as "webgl", softwareWebgl });
  return new Awaited(async () => scoresOf(await reference.see(game.canvas, setup), setup), () => reference.tensors());
}

/** Raw outputs → scores, as the contract says. */
export function scoresOf(values: ArrayLike<number>, { softmax, skipFirst }: Pick<Setup, "softmax" | "skipFirst">): number[] {
  const raw = Array.from(values);
  if (!softmax) return raw.slice(skipFirst);
  const top = raw.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = raw.map((value) => Math.exp(value - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum).slice(skipFirst);
}
