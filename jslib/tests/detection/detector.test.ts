import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Candidates } from "../../src/detection/candidates";
import { DETECTION_NUMBERS, Detector, type DetectionTask } from "../../src/detection/index";
import { overlapOf, Suppressor } from "../../src/detection/suppress";
import type { Output } from "../../src/tasks";
import { preprocess } from "../image/pictures";

interface Case {
  readonly name: string;
  readonly task: DetectionTask;
  readonly outputs: readonly { readonly shape: number[]; readonly values: string }[];
  /** Class, score, left, top, right, bottom, the edges as parts of the network's input. */
  readonly expected: readonly number[][];
}

const CASES = JSON.parse(readFileSync(new URL("fixtures/detections.json", import.meta.url), "utf8")) as Case[];
const SIZE = { width: 64, height: 48 };

function decoded({ shape, values }: Case["outputs"][number]): Output {
  const bytes = Buffer.from(values, "base64");
  return { shape, values: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
}

const rowsOf = (found: Float32Array): number[][] =>
  Array.from({ length: found.length / DETECTION_NUMBERS }, (_, index) =>
    Array.from(found.subarray(DETECTION_NUMBERS * index, DETECTION_NUMBERS * (index + 1))));

const inside = (value: number): number => Math.min(1, Math.max(0, value));

function near(actual: number[][], expected: number[][]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((row, index) => row.forEach((value, column) => {
    const wanted = (expected[index] as number[])[column] as number;
    assert.ok(Math.abs(value - wanted) < 2e-5, `${index}.${column}: ${value} instead of ${wanted}`);
  }));
}

for (const { name, task, outputs, expected } of CASES) {
  test(`${name} is read as numpy reads it, at threshold ${task.threshold}`, () => {
    assert.ok(expected.length > 1);
    const found = new Detector(task, preprocess(SIZE)).detect(outputs.map(decoded), 640, 480);
    near(rowsOf(found), expected.map(([label, score, ...edges]) => {
      const [left, top, right, bottom] = edges.map(inside) as [number, number, number, number];
      return [label as number, score as number, left, top, right - left, bottom - top];
    }));
  });
}

const ROWS: DetectionTask = {
  form: { form: "rows", box: 0, score: 4, label: 5, corners: "xyxy", units: "pixels" },
  threshold: 0.5,
  overlap: 0.5,
  per_class: true,
  limit: 10,
};

const finished = (...rows: number[][]): Output[] => [{ shape: [1, rows.length, 6], values: Float32Array.from(rows.flat()) }];
const detected = (pre: Parameters<typeof preprocess>[0], outputs: Output[], width: number, height: number): number[][] =>
  rowsOf(new Detector(ROWS, preprocess(pre)).detect(outputs, width, height));

test("boxes lie in the source: the middle of a cropped picture", () => {
  const box = detected({ width: 100, height: 100, fit: "crop" }, finished([0, 0, 50, 100, 0.9, 1]), 400, 200);
  near(box, [[1, 0.9, 0.25, 0, 0.25, 1]]);
});

test("boxes lie in the source: a letterboxed picture, without what lies on the bars", () => {
  const box = detected({ width: 100, height: 100, fit: "letterbox" }, finished([10, 0, 20, 50, 0.9, 2]), 400, 200);
  near(box, [[2, 0.9, 0.1, 0, 0.1, 0.5]]);
});

test("boxes without area, and boxes that are nowhere, are none", () => {
  const empty = finished([5, 5, 5, 9, 1, 0], [9, 5, 5, 9, 1, 0], [1, 1, NaN, 9, 1, 0], [1, 1, Infinity, 9, 1, 0]);
  near(detected({ width: 10, height: 10 }, empty, 10, 10), []);
});

test("a score that is not a number is an error, not an empty picture", () => {
  assert.throws(() => detected({ width: 10, height: 10 }, finished([1, 1, 5, 9, NaN, 0]), 10, 10), /not a number/);
  for (const { name, task, outputs } of CASES.filter(({ name }) => !name.startsWith("rows"))) {
    const made = outputs.map(decoded).map(({ shape, values }) => ({ shape, values: Float32Array.from(values, () => NaN) }));
    assert.throws(() => new Detector(task, preprocess(SIZE)).detect(made, 64, 48), /not a number/, name);
  }
});

test("a detector's memory is used again: what it found before does not come back", () => {
  const detector = new Detector(ROWS, preprocess({ width: 100, height: 100 }));
  const many = finished(...Array.from({ length: 900 }, (_, i) => [i % 90, i / 10, (i % 90) + 1, i / 10 + 0.05, 0.6, 0]));
  assert.equal(rowsOf(detector.detect(many, 100, 100)).length, 10);
  near(rowsOf(detector.detect(finished([0, 0, 50, 50, 0.9, 3]), 100, 100)), [[3, 0.9, 0, 0, 0.5, 0.5]]);
});

test("of equal scores the earlier box wins, and classes leave each other alone only when told so", () => {
  const boxes = new Candidates();
  boxes.add(0, 0.5, 0, 0, 1, 1);
  boxes.add(1, 0.5, 0, 0, 1, 0.9);
  boxes.add(0, 0.5, 0, 0, 1, 0.8);
  const chosen = (per_class: boolean): number[] => [...new Suppressor({ overlap: 0.5, per_class, limit: 9 }).choose(boxes)];
  assert.deepEqual(chosen(true), [0, 1]);
  assert.deepEqual(chosen(false), [0]);
});

test("overlap is the shared part of what both cover", () => {
  assert.equal(overlapOf(Float32Array.of(0, 0, 2, 2, 1, 1, 3, 3), 0, 1), 1 / 7);
  assert.equal(overlapOf(Float32Array.of(0, 0, 1, 1, 1, 0, 2, 1), 0, 1), 0);
});
