/** What a game does with a model of a `Stage`: lays a picture into the heap, submits, polls, reads. */
import { SourceFlags, STATS, type StatName } from "../src/generated/abi";
import type { Model } from "../src/model";
import type { Stage } from "./support";

export const PIXELS = 1024;
export const RESULT = 2048;

/** Lays a 2x2 RGBA picture into the heap; its bytes count up from `first`. */
export function layPicture(stage: Stage, first = 10): void {
  for (let index = 0; index < 16; index++) stage.heap.bytes[PIXELS + index] = first + index;
}

export const submit = (model: Model, frame: number, flags: number = SourceFlags.TOP_ROW_FIRST): number => model.submitPixels(PIXELS, 2, 2, flags, frame);

export interface Polled {
  readonly bytes: number;
  readonly frame: number;
  readonly floats: number[];
}

export function poll(stage: Stage, model: Model): Polled {
  const bytes = model.poll(RESULT, 256);
  const view = new DataView(stage.heap.bytes.buffer, RESULT);
  const count = view.getInt32(12, true);
  return { bytes, frame: view.getInt32(8, true), floats: Array.from({ length: count }, (_, i) => view.getFloat32(16 + 4 * i, true)) };
}

export function messageOf(stage: Stage, model: Model): string {
  const length = model.message(RESULT, 1024);
  return new TextDecoder().decode(stage.heap.bytes.slice(RESULT, RESULT + length));
}

export function stat(stage: Stage, model: Model, name: StatName): number {
  model.stats(RESULT, 256);
  return new DataView(stage.heap.bytes.buffer).getFloat32(RESULT + 4 * STATS.indexOf(name), true);
}
