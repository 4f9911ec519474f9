import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { STATS } from "../src/generated/abi";
import { pixelsAt, writeOutcome, writeStats, writeText } from "../src/memory";
import type { ModelSpec } from "../src/generated/contract";
import { softmax, topIndices } from "../src/scores";
import { classScores } from "../src/tasks/classification";
import { emptyStatistics } from "../src/statistics";

const AT = 64;
/** A heap whose bytes are all 0xEE, so that every byte written or not written shows. */
const heapOf = (length = 256): Uint8Array => new Uint8Array(length).fill(0xee);
const bytesAt = (heap: Uint8Array, length: number): number[] => Array.from(heap.subarray(AT, AT + length));

describe("a result in the game's heap", () => {
  const outcome = { task: 1, frame: -2, values: Float32Array.of(258, 0.75, 3, -2) };

  test("is four little-endian int32 and pairs of float32, and nothing beyond", () => {
    const heap = heapOf();
    assert.equal(writeOutcome(heap, AT, 32, outcome), 32);
    // 258 = 0x43810000, 0.75 = 0x3f400000, 3 = 0x40400000, -2 = 0xc0000000 in IEEE 754
    const header = [1, 0, 0, 0, 1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 4, 0, 0, 0];
    const pairs = [0, 0, 0x81, 0x43, 0, 0, 0x40, 0x3f, 0, 0, 0x40, 0x40, 0, 0, 0, 0xc0];
    assert.deepEqual(bytesAt(heap, 32), [...header, ...pairs]);
    assert.ok(heap.subarray(0, AT).every((byte) => byte === 0xee) && heap.subarray(AT + 32).every((byte) => byte === 0xee));
  });

  test("of a failed inference is the header with count 0, and -1", () => {
    const heap = heapOf();
    assert.equal(writeOutcome(heap, AT, 16, { task: 1, frame: 7, values: null }), -1);
    assert.deepEqual(bytesAt(heap, 17), [1, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0xee]);
  });

  test("that does not fit says how much it needs and writes nothing", () => {
    const heap = heapOf();
    assert.equal(writeOutcome(heap, AT, 31, outcome), -32);
    assert.equal(writeOutcome(heap, AT, 15, { task: 1, frame: 7, values: null }), -16);
    assert.equal(writeOutcome(heap, 240, 4096, outcome), -32, "past the heap's end");
    assert.equal(writeOutcome(heap, 0, 4096, outcome), -32, "null pointer");
    assert.ok(heap.every((byte) => byte === 0xee));
  });
});

describe("a text in the game's heap", () => {
  test("is UTF-8 without a final zero", () => {
    const heap = heapOf();
    assert.equal(writeText(heap, AT, 6, "é→a"), 6);
    assert.deepEqual(bytesAt(heap, 7), [0xc3, 0xa9, 0xe2, 0x86, 0x92, 0x61, 0xee]);
  });

  test("that does not fit says how many bytes it needs", () => {
    const heap = heapOf();
    assert.equal(writeText(heap, AT, 5, "é→a"), -6);
    assert.equal(writeText(heap, AT, 0, "é→a"), -6);
    assert.equal(writeText(heap, AT, 0, ""), 0);
    assert.ok(heap.every((byte) => byte === 0xee));
  });
});

test("statistics are float32 in the order of the table", () => {
  const heap = heapOf();
  const size = 4 * STATS.length;
  assert.equal(writeStats(heap, AT, size - 1, emptyStatistics()), -size);
  assert.equal(writeStats(heap, AT, size, { ...emptyStatistics(), submitted: 3, warmupMs: 1.5 }), size);
  const view = new DataView(heap.buffer, AT, size);
  assert.equal(view.getFloat32(0, true), 3);
  assert.equal(view.getFloat32(4 * STATS.indexOf("warmupMs"), true), 1.5);
});

test("pictures in the heap lie wholly inside it, above 2 GiB too", () => {
  const heap = heapOf();
  assert.equal(pixelsAt(heap, AT, 192)?.length, 192);
  assert.equal(pixelsAt(heap, AT, 193), null);
  assert.equal(pixelsAt(heap, 0, 4), null);
  const large = { length: 2 ** 32, subarray: (start: number, end: number) => [start, end] } as unknown as Uint8Array;
  assert.deepEqual(pixelsAt(large, -16, 16), [2 ** 32 - 16, 2 ** 32]);
});

type Classification = Extract<ModelSpec["task"], { kind: "classification" }>;

function scoresOf(raw: Float32Array, labels: number, change: Partial<Classification> = {}): Float32Array {
  return classScores(raw, { kind: "classification", activation: "none", skip_first: 0, top_k: 1, ...change }, labels);
}

describe("scores", () => {
  test("are ordered best first, equal ones by index", () => {
    assert.deepEqual(topIndices(Float32Array.of(0.1, 0.7, 0.1, 0.7, -3), 5), [1, 3, 0, 2, 4]);
    assert.deepEqual(topIndices(Float32Array.of(0.1, 0.7, 0.2), 2), [1, 2]);
    assert.deepEqual(topIndices(Float32Array.of(1, 3, 2, 3, 4), 3), [4, 1, 3]);
  });

  test("must be one finite number per label, and one for each class to skip", () => {
    const raw = Float32Array.of(1, 2, -3);
    assert.deepEqual([...scoresOf(raw, 3)], [1, 2, -3]);
    assert.deepEqual([...scoresOf(raw, 1, { skip_first: 2 })], [-3]);
    assert.throws(() => scoresOf(raw, 4), /^Error: it gives 3 scores for 4 labels$/);
    assert.throws(() => scoresOf(raw, 3, { skip_first: 1 }), /^Error: it gives 3 scores for 3 labels and 1 to skip$/);
    assert.throws(() => scoresOf(Float32Array.of(1, NaN), 2), /^Error: score 1 is NaN$/);
    assert.throws(() => scoresOf(Float32Array.of(-Infinity, 1), 2, { activation: "softmax" }), /^Error: score 0 is -Infinity$/);
  });

  test("become probabilities by softmax over all of them, those to skip included", () => {
    // numpy: e = exp([1, 2, 3]); e / e.sum()
    const expected = [0.09003057, 0.24472847, 0.66524096];
    const close = (scores: Float32Array, values: number[]): void =>
      values.forEach((value, index) => assert.ok(Math.abs(scores[index]! - value) < 1e-7, `${index}: ${scores[index]}`));
    close(scoresOf(Float32Array.of(1, 2, 3), 3, { activation: "softmax" }), expected);
    close(scoresOf(Float32Array.of(1, 2, 3), 2, { activation: "softmax", skip_first: 1 }), expected.slice(1));
  });

  test("of any finite logits become finite probabilities", () => {
    assert.deepEqual([...softmax(Float32Array.of(3e38, -3e38, 0))], [1, 0, 0]);
    assert.deepEqual([...softmax(Float32Array.of(-1e6, -1e6))], [0.5, 0.5]);
  });
});
