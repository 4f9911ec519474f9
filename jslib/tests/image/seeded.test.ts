import assert from "node:assert/strict";
import { test } from "node:test";
import { SEED, seededPicture } from "../../src/image/seeded";
import { sha256 } from "../support";

// Of numpy's RGB bytes: builder/harness/golden.py, which draws whole arrays at once.
const DRAWN_BY_NUMPY = [
  [3, 2, "ba37c82f27cf953ea02c23a09dc7a841a2a0cb8463fb5c3a222e735855d9102b"],
  [37, 29, "e791a05116a43e7b7a08e85865f6499efda5e8c6def9a191ec8a2a0acdf942de"],
  [224, 224, "341a7c2f4e8fd79cbf19f5584c5fdaf32661af875306fc118f19b2f2c04cec45"],
] as const;

test("the seeded picture is that of golden vectors, bit for bit", () => {
  for (const [width, height, expected] of DRAWN_BY_NUMPY) {
    const rgba = seededPicture(SEED, width, height);
    assert.equal(sha256(rgba.filter((_, at) => at % 4 < 3)), expected);
    assert.ok(rgba.every((value, at) => at % 4 < 3 || value === 255));
  }
});
