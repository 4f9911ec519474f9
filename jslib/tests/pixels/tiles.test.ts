import assert from "node:assert/strict";
import { test } from "node:test";
import { cutTile, pasteTile, spansAlong, tilesOf } from "../../src/pixels/tiles";

const noise = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);

test("spans cover everything once, and keep their distance from inner edges", () => {
  for (let size = 1; size < 200; size++) {
    for (const [tile, margin] of [[16, 3], [16, 7], [32, 0], [33, 8]] as const) {
      const spans = spansAlong(size, tile, margin);
      assert.equal(spans[0]!.begin, 0);
      assert.equal(spans.at(-1)!.end, size);
      spans.forEach(({ from, begin, end }, i) => {
        assert.ok(begin < end, `${size} ${tile} ${margin}`);
        if (i > 0) assert.equal(begin, spans[i - 1]!.end);
        if (size >= tile) assert.ok(from >= 0 && from + tile <= size);
        assert.ok(i === 0 || begin - from >= margin, `${size} ${tile} ${margin}: ${from} ${begin}`);
        assert.ok(i === spans.length - 1 || from + tile - end >= margin, `${size} ${tile} ${margin}: ${from} ${end}`);
      });
    }
  }
});

test("as few tiles as the overlap allows", () => {
  assert.equal(spansAlong(64, 64, 8).length, 1);
  assert.equal(spansAlong(65, 64, 8).length, 2);
  assert.equal(spansAlong(112, 64, 8).length, 2);
  assert.equal(spansAlong(113, 64, 8).length, 3);
});

/** A network that sees one pixel to each side, and pads with zeros: the sum of both neighbours, twice as large. */
function network(rgba: Uint8Array, width: number, height: number): Uint8Array {
  const made = new Uint8Array(width * height * 16);
  for (let y = 0; y < height * 2; y++) {
    for (let x = 0; x < width * 2; x++) {
      for (let c = 0; c < 4; c++) {
        const at = (dx: number): number => (x >> 1) + dx < 0 || (x >> 1) + dx >= width ? 0 : rgba[((y >> 1) * width + (x >> 1) + dx) * 4 + c]!;
        made[(y * width * 2 + x) * 4 + c] = (at(-1) + at(1) + y) & 255;
      }
    }
  }
  return made;
}

test("joined tiles are the untiled result, where the margin is as wide as what the network sees", () => {
  const picture = { width: 48, height: 16 };
  const tile = { width: 16, height: 16 };
  const rgba = noise(picture.width * picture.height * 4);
  const whole = network(rgba, picture.width, picture.height);
  for (const [margin, equal] of [[1, true], [0, false]] as const) {
    const joined = new Uint8Array(whole.length);
    for (const one of tilesOf(picture, tile, margin)) {
      const cut = cutTile(rgba, picture, one, tile, new Uint8Array(16 * 16 * 4));
      pasteTile(network(cut, 16, 16), tile, one, 2, joined, picture);
    }
    assert.equal(Buffer.compare(joined, whole) === 0, equal, `margin ${margin}`);
  }
});

test("beyond a picture smaller than the tile its edge is repeated", () => {
  const cut = cutTile(noise(2 * 1 * 4), { width: 2, height: 1 }, tilesOf({ width: 2, height: 1 }, { width: 4, height: 2 }, 0)[0]!, { width: 4, height: 2 }, new Uint8Array(32));
  const [one, two] = [[...noise(8).subarray(0, 4)], [...noise(8).subarray(4)]];
  assert.deepEqual([...cut], [...one, ...two, ...two, ...two, ...one, ...two, ...two, ...two]);
});
