import assert from "node:assert/strict";
import { test } from "node:test";
import { imageLevels } from "../../src/pixels/levels";
import { gridOf } from "../../src/pixels/pixels";

const UNIT = { low: 0, high: 1, bgr: false };
const made = (values: number[], shape: number[], tones = UNIT, planes = false): number[] => {
  const grid = gridOf(shape, planes);
  return [...imageLevels(Float32Array.from(values), grid, tones, new Uint8Array(grid.width * grid.height * 4))];
};

test("a range is scaled to levels, rounded half up and clamped", () => {
  assert.deepEqual(made([-0.1, 0, 0.5, 1, 1.2, 0.25], [1, 1, 2, 3]), [0, 0, 128, 255, 255, 255, 64, 255]);
  assert.deepEqual(made([-1, 0, 1], [1, 1, 1, 3], { low: -1, high: 1, bgr: false }), [0, 128, 255, 255]);
  assert.deepEqual(made([12.4, 12.5, 300], [1, 1, 1, 3], { low: 0, high: 255, bgr: false }), [12, 13, 255, 255]);
});

test("planes, blue first, gray and a fourth channel", () => {
  assert.deepEqual(made([1, 0, 0, 0, 0, 1], [1, 3, 1, 2], UNIT, true), [255, 0, 0, 255, 0, 0, 255, 255]);
  assert.deepEqual(made([1, 0, 0], [1, 1, 1, 3], { ...UNIT, bgr: true }), [0, 0, 255, 255]);
  assert.deepEqual(made([1, 0], [1, 1, 2, 1]), [255, 255, 255, 255, 0, 0, 0, 255]);
  assert.deepEqual(made([1, 0, 0, 0.5, 0, 1, 0, 0.5], [1, 1, 2, 4]), [255, 0, 0, 255, 0, 255, 0, 255]);
});

test("what is no number is refused", () => {
  assert.throws(() => made([0, NaN, 0], [1, 1, 1, 3]), /number 1 of its output is NaN/);
  assert.throws(() => made([0, 0, Infinity], [1, 1, 1, 3]), /number 2 of its output is Infinity/);
});
