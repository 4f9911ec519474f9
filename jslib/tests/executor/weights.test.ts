import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { io, setBackend, type NamedTensorMap } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { weightsOf, type WeightSpec } from "../../src/executor/weights";

/** One weight of each kind that a model.json may name, in an order that leaves some of them at odd places. */
const SPECS: readonly WeightSpec[] = [
  { name: "flags", shape: [3], dtype: "bool" },
  { name: "floats", shape: [2, 2], dtype: "float32" },
  { name: "codes", shape: [5], dtype: "float32", quantization: { dtype: "uint8", scale: 0.25, min: -3 } },
  { name: "halves", shape: [9], dtype: "float32", quantization: { dtype: "float16" } },
  { name: "wide", shape: [2], dtype: "float32", quantization: { dtype: "uint16", scale: 0.001, min: 1 } },
  { name: "counts", shape: [2], dtype: "int32", quantization: { dtype: "uint8", scale: 1.7, min: -4 } },
  { name: "whole", shape: [3], dtype: "int32" },
  { name: "scalar", shape: [], dtype: "int32" },
];

/** 1, -2, the largest, the smallest normal, the two ends of the subnormal ones, -0, infinity, NaN. */
const HALVES = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x8000, 0xfc00, 0x7e00);

function stored(): Uint8Array<ArrayBuffer> {
  const parts = [
    Uint8Array.of(1, 0, 1),
    new Uint8Array(Float32Array.of(1.5, -2, 3e30, NaN).buffer),
    Uint8Array.of(0, 1, 100, 254, 255),
    new Uint8Array(HALVES.buffer),
    new Uint8Array(Uint16Array.of(0, 65535).buffer),
    Uint8Array.of(0, 200),
    new Uint8Array(Int32Array.of(-1, 2147483647, -2147483648).buffer),
    new Uint8Array(Int32Array.of(7).buffer),
  ];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const cut = (bytes: Uint8Array<ArrayBuffer>, ...ends: number[]): Uint8Array<ArrayBuffer>[] =>
  [...ends, bytes.length].map((end, place) => bytes.slice(ends[place - 1] ?? 0, end));

describe("weights", () => {
  const whole = stored();
  let expected: NamedTensorMap = {};

  before(async () => {
    await setBackend("cpu");
    expected = io.decodeWeights(whole.buffer, SPECS as unknown as io.WeightsManifestEntry[]);
  });

  for (const ends of [[], [1], [9, 10, 40], [3, 19, 24, 42]]) {
    test(`are what TensorFlow.js decodes, with shards that end at ${ends.join(", ") || "their end"}`, async () => {
      const found = weightsOf(SPECS, cut(whole, ...ends));
      assert.ok(found);
      for (const [name, tensor] of Object.entries(expected)) {
        const weight = found.get(name);
        assert.deepEqual(weight?.shape, tensor.shape);
        assert.equal(weight?.dtype, tensor.dtype);
        const values = await tensor.data();
        assert.deepEqual([...(weight?.values() ?? [])], [...values], name);
      }
    });
  }

  test("float16 are what the standard says", () => {
    const [spec] = SPECS.filter(({ name }) => name === "halves") as [WeightSpec];
    const found = weightsOf([spec], [new Uint8Array(HALVES.buffer)])?.get("halves")?.values();
    const exact = [1, -2, 65504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, -0, -Infinity, NaN];
    assert.deepEqual([...(found ?? [])], exact);
  });

  test("are not copied where they lie as the backend takes them", () => {
    const shard = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const spec = (name: string): WeightSpec => ({ name, shape: [2], dtype: "float32" });
    const found = weightsOf([spec("a"), spec("b")], [shard]);
    assert.equal(found?.get("b")?.values().buffer, shard.buffer);
  });

  test("that are text are left to TensorFlow.js's converter", () => {
    assert.equal(weightsOf([{ name: "words", shape: [1], dtype: "string" }], []), null);
  });

  test("say what is wrong with them", () => {
    const spec: WeightSpec = { name: "w", shape: [2], dtype: "float32" };
    assert.throws(() => weightsOf([spec], [new Uint8Array(7)])?.get("w")?.values(), /have 7 bytes, and 8 are needed/);
    const strange = { ...spec, quantization: { dtype: "uint4" } };
    assert.throws(() => weightsOf([strange], []), /the weights w are stored as uint4/);
    const halfSaid = { ...spec, quantization: { dtype: "uint8", scale: 1 } };
    assert.throws(() => weightsOf([halfSaid], [new Uint8Array(2)])?.get("w")?.values(), /the weights w have no scale and min/);
  });
});
