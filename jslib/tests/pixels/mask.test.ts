import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Preprocess } from "../../src/generated/contract";
import { NO_LABEL, Segmenter, type SegmentationTask } from "../../src/pixels/mask";
import type { Output, Placement } from "../../src/tasks";
import { preprocess } from "../image/pictures";

interface Case extends Omit<SegmentationTask, "width" | "height" | "layout"> {
  readonly fit: Preprocess["fit"];
  readonly source: [number, number];
  readonly size: [number, number];
  readonly target: [number, number];
  readonly planes: boolean;
  readonly shape: number[];
  readonly values: string;
  readonly expected: string;
}

const CASES = JSON.parse(readFileSync(new URL("fixtures/masks.json", import.meta.url), "utf8")) as Case[];
const TASK: SegmentationTask = { result: "mask", layout: "NHWC", activation: "none", channel: 0, threshold: 0.5, width: 0, height: 0 };
const of = (width: number, height: number, mirror = false): Placement => ({ width, height, mirror });
const numbers = (shape: readonly number[], ...values: number[]): Output => ({ shape, values: Float32Array.from(values) });

function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Pixels that differ: where a score lies at a threshold or between two levels, single precision may fall to the other side. */
function far(found: Uint8Array, expected: Uint8Array, result: string): number {
  assert.equal(found.length, expected.length);
  return found.reduce((count, value, i) => count + Number(Math.abs(value - expected[i]!) > (result === "alpha" ? 1 : 0)), 0);
}

const swapped = (bytes: Uint8Array, width: number): Uint8Array =>
  bytes.map((_, at) => bytes[at - (at % width) + width - 1 - (at % width)]!);

for (const { fit, source, size, target, planes, shape, values, expected, ...task } of CASES) {
  test(`${task.result} by ${task.activation} of ${shape.join("x")}, ${fit} from ${source.join("x")} to ${target.join("x")}`, () => {
    const layout = planes ? "NCHW" : "NHWC";
    const segmenter = new Segmenter({ ...task, layout, width: size[0], height: size[1] }, preprocess({ width: 16, height: 12, fit }));
    for (const mirror of [false, true, false]) {
      const made = segmenter.segment({ shape, values: floats(values) }, of(...source, mirror));
      assert.deepEqual([made.width, made.height, made.channels], [...target, 1]);
      const found = mirror ? swapped(made.bytes, made.width) : made.bytes;
      assert.equal(far(found, Buffer.from(expected, "base64"), task.result), 0);
      made.bytes.fill(7); // what lies in memory that is used again does not matter
      made.release();
    }
  });
}

test("of equal scores the first class counts", () => {
  const labels = new Segmenter({ ...TASK, result: "labels", threshold: 0 }, preprocess({ width: 1, height: 1 }));
  assert.deepEqual([...labels.segment(numbers([1, 1, 1, 3], 1, 2, 2), of(1, 1)).bytes], [1]);
});

test("a class that does not reach the threshold leaves no label", () => {
  const labels = new Segmenter({ ...TASK, result: "labels", threshold: 0.9 }, preprocess({ width: 2, height: 1 }));
  const made = labels.segment(numbers([1, 1, 2, 2], 0.95, 0.05, 0.2, 0.8), of(2, 1));
  assert.deepEqual([...made.bytes], [0, NO_LABEL]);
});

test("the way is worked out anew for every size of the picture", () => {
  const segmenter = new Segmenter(TASK, preprocess({ width: 2, height: 2, fit: "crop" }));
  const halves = numbers([1, 2, 2, 1], 1, 0, 1, 0);
  const wide = segmenter.segment(halves, of(8, 2));
  assert.deepEqual([...wide.bytes.subarray(0, 8)], [0, 0, 0, 255, 0, 0, 0, 0]);
  const tall = segmenter.segment(halves, of(2, 2));
  assert.deepEqual([...tall.bytes], [255, 0, 255, 0]);
});

for (const [name, values, shape, message] of [
  ["NaN", [0, NaN, 0, 0], [1, 2, 2, 1], /number 1 of its output is NaN/],
  ["an infinite number", [0, 0, -Infinity, 0], [1, 2, 2, 1], /number 2 of its output is -Infinity/],
  ["a list", [0, 0], [1, 2], /its output \[1, 2\] is no picture/],
  ["two pictures", [0, 0], [2, 1, 1, 1], /its output \[2, 1, 1, 1\] is no picture/],
] as const) {
  for (const result of ["mask", "labels"] as const) {
    test(`${name} is refused as ${result}`, () => {
      const segmenter = new Segmenter({ ...TASK, result }, preprocess({ width: 2, height: 2 }));
      assert.throws(() => segmenter.segment(numbers(shape, ...values), of(2, 2)), message);
    });
  }
}

test("a class that the output lacks is refused", () => {
  const segmenter = new Segmenter({ ...TASK, channel: 1 }, preprocess({ width: 1, height: 1 }));
  assert.throws(() => segmenter.segment(numbers([1, 1, 1, 1], 1), of(1, 1)), /1 channels, and 1 is asked for/);
});

/** As the GPU hands them over: two bytes of a score, or a class. */
const worked = (width: number, height: number, pixel: (at: number) => number[]): { output: Output; given: () => number } => {
  let given = 0;
  const values = Uint8Array.from(Array.from({ length: width * height }, (_, at) => pixel(at)).flat());
  return { output: { shape: [1, height, width, 4], values, levels: () => (given += 1) }, given: () => given };
};

test("scores and classes that the GPU worked out are drawn as those of the CPU", () => {
  const scores = [0, 0.25, 0.5, 1].map((score) => Math.floor(score * 65535 + 0.5));
  const alpha = new Segmenter({ ...TASK, result: "alpha" }, preprocess({ width: 2, height: 2 }));
  const { output } = worked(2, 2, (at) => [scores[at]! >> 8, scores[at]! & 255, 0, 255]);
  assert.deepEqual([...alpha.segment(output, of(2, 2)).bytes], [0, 64, 128, 255]);
  const labels = new Segmenter({ ...TASK, result: "labels" }, preprocess({ width: 2, height: 2 }));
  assert.deepEqual([...labels.segment(worked(2, 2, (at) => [at, 0, 0, 255]).output, of(2, 2)).bytes], [0, 1, 2, 3]);
  assert.throws(() => labels.segment(worked(2, 2, (at) => [0, 0, 0, at === 2 ? 0 : 255]).output, of(2, 2)), /pixel 2 is no number/);
});

test("backends are compared by what single pixels at an edge do not move", () => {
  const values = Array.from({ length: 64 * 64 }, (_, at) => Number(at % 64 < 32));
  const moved = values.map((value, at) => (at === 31 ? 0 : value));
  for (const result of ["mask", "labels"] as const) {
    const segmenter = new Segmenter({ ...TASK, result, threshold: 0.5 }, preprocess({ width: 64, height: 64 }));
    const [one, other] = [values, moved].map((from) => [...segmenter.compared(numbers([1, 64, 64, 1], ...from))]);
    assert.ok(Math.max(...one!.map((value, at) => Math.abs(value - other![at]!))) <= 1 / 16);
    assert.ok(Math.max(...one!) > 0.3);
  }
});
