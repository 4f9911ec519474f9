import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { tensorShape } from "../../src/contract";
import type { Preprocess } from "../../src/generated/contract";
import { normalizer } from "../../src/image/normalize";
import { noise, preprocess } from "./pictures";

interface Case {
  readonly color: "rgb" | "gray";
  readonly scale: number;
  readonly mean: number[];
  readonly std: number[];
  readonly expected: string;
}

const CASES = JSON.parse(readFileSync(new URL("fixtures/normalize.json", import.meta.url), "utf8")) as Case[];

function rgba(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: (rgb.length / 3) * 4 }, (_, i) => (i % 4 === 3 ? 255 : rgb[(i >> 2) * 3 + (i % 4)]!));
}

const normalized = (pre: Preprocess, picture: Uint8Array): Float32Array => {
  const into = new Float32Array(tensorShape(pre).reduce((product, size) => product * size));
  assert.equal(normalizer(pre)(picture, into), into);
  return into;
};

test("values equal numpy's in single precision, gray equals Pillow's luma", () => {
  assert.equal(CASES.length, 5);
  for (const { expected, ...numbers } of CASES) {
    const result = normalized(preprocess({ width: 16, height: 5, ...numbers }), rgba(noise(16, 5)));
    assert.equal(Buffer.from(result.buffer).toString("base64"), expected, JSON.stringify(numbers));
  }
});

test("whole numbers lose their fractions", () => {
  const pre = preprocess({ width: 1, height: 1, scale: 0.75, mean: [0, 2, 0] });
  assert.deepEqual([...normalizer(pre)(Uint8Array.of(1, 2, 3, 255), new Int32Array(3))], [0, 0, 2]);
});

test("channels first fill one plane each, blue first where the model was trained so", () => {
  const picture = Uint8Array.of(1, 2, 3, 255, 11, 12, 13, 255);
  const numbers = { width: 2, height: 1, scale: 2, mean: [1, 2, 3] };
  const filled = (change: object): number[] => [...normalized(preprocess({ ...numbers, ...change }), picture)];
  assert.deepEqual(filled({}), [1, 2, 3, 21, 22, 23]);
  assert.deepEqual(filled({ layout: "NCHW" }), [1, 21, 2, 22, 3, 23]);
  assert.deepEqual(filled({ channel_order: "bgr" }), [5, 2, -1, 25, 22, 19]);
  assert.deepEqual(filled({ channel_order: "bgr", layout: "NCHW" }), [5, 25, 2, 22, -1, 19]);
});

test("one gray plane is the same in both layouts", () => {
  const gray = preprocess({ width: 2, height: 1, color: "gray", mean: [0], std: [1] });
  const picture = Uint8Array.of(9, 9, 9, 255, 200, 200, 200, 255);
  for (const layout of ["NHWC", "NCHW"] as const) assert.deepEqual([...normalized({ ...gray, layout }, picture)], [9, 200]);
});
