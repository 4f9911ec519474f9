import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Preprocess } from "../../src/generated/contract";
import { NO_LABEL, Segmenter, type SegmentationTask } from "../../src/pixels/mask";
import { preprocess } from "../image/pictures";

interface Case extends Omit<SegmentationTask, "width" | "height"> {
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
const TASK: SegmentationTask = { result: "mask", activation: "none", channel: 0, threshold: 0.5, width: 0, height: 0 };
const fresh = (length: number): Uint8Array => new Uint8Array(length).fill(7);

function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Pixels that differ: where a score lies at a threshold or between two levels, single precision may fall to the other side. */
function far(found: Uint8Array, expected: Uint8Array, result: string): number {
  assert.equal(found.length, expected.length);
  return found.reduce((count, value, i) => count + Number(Math.abs(value - expected[i]!) > (result === "alpha" ? 1 : 0)), 0);
}

for (const { fit, source, size, target, planes, shape, values, expected, ...task } of CASES) {
  test(`${task.result} by ${task.activation} of ${shape.join("x")}, ${fit} from ${source.join("x")} to ${target.join("x")}`, () => {
    const pre = preprocess({ width: 16, height: 12, fit, layout: planes ? "NCHW" : "NHWC" });
    const segmenter = new Segmenter({ ...task, width: size[0], height: size[1] }, pre);
    for (let time = 0; time < 2; time++) {
      const made = segmenter.segment(floats(values), shape, { width: source[0], height: source[1] }, fresh);
      assert.deepEqual([made.width, made.height, made.channels], [...target, 1]);
      assert.equal(far(made.bytes, Buffer.from(expected, "base64"), task.result), 0);
    }
  });
}

test("of equal scores the first class counts", () => {
  const labels = new Segmenter({ ...TASK, result: "labels", threshold: 0 }, preprocess({ width: 1, height: 1 }));
  assert.deepEqual([...labels.segment(Float32Array.of(1, 2, 2), [1, 1, 1, 3], { width: 1, height: 1 }, fresh).bytes], [1]);
});

test("a class that does not reach the threshold leaves no label", () => {
  const labels = new Segmenter({ ...TASK, result: "labels", threshold: 0.9 }, preprocess({ width: 2, height: 1 }));
  const made = labels.segment(Float32Array.of(0.95, 0.05, 0.2, 0.8), [1, 1, 2, 2], { width: 2, height: 1 }, fresh);
  assert.deepEqual([...made.bytes], [0, NO_LABEL]);
});

test("the way is worked out anew for every size of the picture", () => {
  const segmenter = new Segmenter(TASK, preprocess({ width: 2, height: 2, fit: "crop" }));
  const halves = Float32Array.of(1, 0, 1, 0);
  const wide = segmenter.segment(halves, [1, 2, 2, 1], { width: 8, height: 2 }, fresh);
  assert.deepEqual([...wide.bytes.subarray(0, 8)], [0, 0, 0, 255, 0, 0, 0, 0]);
  const tall = segmenter.segment(halves, [1, 2, 2, 1], { width: 2, height: 2 }, fresh);
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
      assert.throws(() => segmenter.segment(Float32Array.from(values), shape, { width: 2, height: 2 }, fresh), message);
    });
  }
}

test("a class that the output lacks is refused", () => {
  const segmenter = new Segmenter({ ...TASK, channel: 1 }, preprocess({ width: 1, height: 1 }));
  assert.throws(() => segmenter.segment(Float32Array.of(1), [1, 1, 1, 1], { width: 1, height: 1 }, fresh), /1 channels, and 1 is asked for/);
});
