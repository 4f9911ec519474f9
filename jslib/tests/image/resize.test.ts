import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Preprocess } from "../../src/generated/contract";
import { type Layout, resizePixels } from "../../src/image/resize";
import { LAYOUTS, inMemory, noise, opaque, preprocess } from "./pictures";

interface Case {
  readonly pad: [number, number, number];
  readonly source: [number, number];
  readonly target: [number, number];
  readonly fit: Preprocess["fit"];
  readonly filter: Preprocess["filter"];
  readonly expected: string;
}

const CASES = JSON.parse(readFileSync(new URL("fixtures/resize.json", import.meta.url), "utf8")) as Case[];
const FITS = ["stretch", "crop", "letterbox"] as const;
const FILTERS = ["nearest", "bilinear", "triangle"] as const;

/** `resizePixels` into a buffer that was used before. */
const resizedPixels = (source: Uint8Array, layout: Layout, pre: Preprocess): Uint8Array =>
  resizePixels(source, layout, pre, new Uint8Array(pre.width * pre.height * 4).fill(77));

const asText = (bytes: Uint8Array): string =>
  bytes.length <= 1024 ? Buffer.from(bytes).toString("base64") : createHash("sha256").update(bytes).digest("hex");

function resized(picture: Uint8Array, [width, height]: [number, number], order: (typeof LAYOUTS)[number], pre: Preprocess) {
  const layout = { width, height, ...order };
  return opaque(resizedPixels(inMemory(picture, layout), layout, pre));
}

for (const filter of FILTERS) {
  for (const fit of FITS) {
    test(`${filter}, ${fit}: equals the reference to the bit, in every memory layout`, () => {
      const cases = CASES.filter((item) => item.filter === filter && item.fit === fit);
      assert.ok(cases.length >= 19);
      for (const { pad, source, target, expected } of cases) {
        const pre = preprocess({ width: target[0], height: target[1], fit, filter, pad });
        const layouts = source[0] > 100 ? LAYOUTS.slice(-2) : LAYOUTS;
        for (const order of layouts) {
          assert.equal(asText(resized(noise(...source), source, order, pre)), expected, `${source} ${target}`);
        }
      }
    });
  }
}

test("a picture of one colour stays that colour, whatever its size", () => {
  const sizes = [[1, 1], [2, 9], [31, 4], [100, 77], [640, 3]] as const;
  for (const [width, height] of sizes) {
    for (const colour of [[0, 0, 0], [255, 255, 255], [1, 128, 254]] as const) {
      const source = Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!);
      for (const filter of FILTERS) {
        const pre = preprocess({ width: 13, height: 10, filter, fit: "letterbox", pad: [...colour] });
        const layout = { width, height, bytesPerPixel: 3, topRowFirst: true, mirror: false } as const;
        const result = opaque(resizedPixels(source, layout, pre));
        assert.ok(result.every((value, i) => value === colour[i % 3]), `${filter} ${width}x${height}`);
      }
    }
  }
});

test("the source is left alone and the result lies in the target, even at the same size", () => {
  const source = noise(8, 8);
  const layout = { width: 8, height: 8, bytesPerPixel: 3, topRowFirst: true, mirror: false } as const;
  for (const filter of FILTERS) {
    const target = new Uint8Array(8 * 8 * 4);
    const result = resizePixels(source, layout, preprocess({ filter }), target);
    assert.equal(result, target);
    assert.deepEqual(opaque(result), noise(8, 8));
  }
  assert.deepEqual(source, noise(8, 8));
});

test("a view into a larger heap is read where it begins", () => {
  const heap = new Uint8Array(1000).fill(9);
  heap.set(noise(8, 8), 123);
  const layout = { width: 8, height: 8, bytesPerPixel: 3, topRowFirst: true, mirror: false } as const;
  assert.deepEqual(opaque(resizedPixels(heap.subarray(123, 123 + 192), layout, preprocess({}))), noise(8, 8));
});
