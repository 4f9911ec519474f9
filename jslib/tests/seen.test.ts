import assert from "node:assert/strict";
import { test } from "node:test";
import { Seen } from "../src/seen";
import { preprocess } from "./image/pictures";

const PICTURE = Uint8Array.of(255, 0, 0, 255, 0, 255, 0, 255, 10, 20, 30, 255, 7, 7, 7, 255);

test("nothing is kept before somebody asks, and then every newer picture", () => {
  const seen = new Seen(preprocess({ width: 2, height: 2 }));
  seen.keep(PICTURE);
  assert.equal(seen.pixels(), null);
  const given = PICTURE.slice();
  seen.keep(given);
  given.fill(9); // its memory is used again
  assert.deepEqual(seen.pixels(), { width: 2, height: 2, channels: 4, bytes: PICTURE });
  seen.keep(given);
  assert.deepEqual(seen.pixels()?.bytes, given);
  seen.keep(new Uint8Array(64)); // of another size, to go through in tiles
  assert.deepEqual(seen.pixels()?.bytes, given);
});

test("a gray network sees gray: Pillow's convert('L')", () => {
  const seen = new Seen(preprocess({ width: 2, height: 2, color: "gray" }));
  seen.pixels();
  seen.keep(PICTURE);
  const gray = [76, 150, 18, 7]; // Image.fromarray(...).convert("L")
  assert.deepEqual(Array.from(seen.pixels()!.bytes), gray.flatMap((level) => [level, level, level, 255]));
});
