import assert from "node:assert/strict";
import { test } from "node:test";
import { type Axis, covers, plan, reach } from "../../src/image/geometry";
import { preprocess } from "./pictures";

const box = ({ x, y }: { x: Axis; y: Axis }) => [x.low, y.low, x.high, y.high];
const rectangle = ({ x, y }: { x: Axis; y: Axis }) => [x.start, y.start, x.size, y.size];

test("stretch uses the whole picture for the whole target", () => {
  const pre = preprocess({ width: 224, height: 192 });
  const fitted = plan(pre, 640, 480);
  assert.deepEqual(box(fitted), [0, 0, 640, 480]);
  assert.deepEqual(rectangle(fitted), [0, 0, 224, 192]);
  assert.ok(covers(fitted, pre));
});

test("crop uses the largest centred area of the target's aspect", () => {
  const square = preprocess({ width: 224, height: 224, fit: "crop" });
  assert.deepEqual(box(plan(square, 640, 480)), [80, 0, 560, 480]);
  assert.deepEqual(box(plan(square, 480, 640)), [0, 80, 480, 560]);
  assert.deepEqual(box(plan(preprocess({ width: 3, height: 2, fit: "crop" }), 7, 5)), [0, 1 / 6, 7, 29 / 6]);
});

test("letterbox keeps the aspect, centres with the odd pixel below, and never loses the picture", () => {
  const pre = preprocess({ width: 224, height: 224, fit: "letterbox" });
  assert.deepEqual(rectangle(plan(pre, 640, 480)), [0, 28, 224, 168]);
  assert.deepEqual(rectangle(plan(pre, 100, 225)), [62, 0, 100, 224]);
  assert.deepEqual(rectangle(plan(pre, 5000, 1)), [0, 111, 224, 1]);
  assert.ok(!covers(plan(pre, 640, 480), pre));
});

test("reach names the rows that the triangle filter reads, and no others", () => {
  const cropped = plan(preprocess({ width: 10, height: 5, fit: "crop" }), 100, 100).y;
  assert.deepEqual([cropped.low, cropped.high], [25, 75]);
  assert.deepEqual(reach(cropped), { first: 20, end: 80 });
  assert.deepEqual(reach(plan(preprocess({ width: 9 }), 3, 4).x), { first: 0, end: 3 });
});

test("a squashed picture is cut and placed by its own shape", () => {
  const wide = { width: 1280, height: 720 };
  const square = preprocess({ width: 224, height: 224, fit: "crop" });
  assert.deepEqual(box(plan(square, 640, 480, wide)), [140, 0, 500, 480]);
  assert.deepEqual(box(plan(square, 480, 640, { width: 720, height: 1280 })), [0, 140, 480, 500]);
  const letterbox = preprocess({ width: 224, height: 224, fit: "letterbox" });
  assert.deepEqual(rectangle(plan(letterbox, 640, 480, wide)), [0, 49, 224, 126]);
  assert.deepEqual(box(plan(letterbox, 640, 480, wide)), [0, 0, 640, 480]);
  assert.deepEqual(plan(preprocess({}), 640, 480, wide), plan(preprocess({}), 640, 480));
});

test("a shape that the pixels have changes nothing, and the numbers of odd ones stay within 31 bits", () => {
  const square = preprocess({ width: 224, height: 224, fit: "crop" });
  assert.deepEqual(plan(square, 640, 480, { width: 1024, height: 768 }), plan(square, 640, 480));
  const { x } = plan(square, 640, 480, { width: 1366, height: 768 });
  assert.ok(Math.abs(x.low - 640 * (0.5 - 768 / 1366 / 2)) < 1e-9);
  assert.ok(2 * x.divisor * 640 < 2 ** 31);
});
