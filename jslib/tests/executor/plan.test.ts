import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { memory, profile, setBackend, tensor, tidy, type Tensor } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import kernels from "../../src/executor/kernels.json" with { type: "json" };
import { RULES } from "../../src/executor/rules";
import { image, ints, live, node, SmallGraph, text, type } from "./graphs";

/** The one output of a plan. */
const one = ([found]: readonly Tensor[]): Tensor => found as Tensor;

const x = node("x", "Placeholder", [], { dtype: type("FLOAT") });
const strided = { strides: ints(1, 2, 2, 1), padding: text("SAME") };
const fused = { num_args: { i: "1" }, fused_ops: { list: { s: [btoa("BiasAdd"), btoa("Relu6")] } } };

/** A small network with a fork, a part of a split that nobody reads, and sizes that are read from a shape. */
const forked = (): SmallGraph =>
  new SmallGraph(
    [
      x,
      node("conv", "_FusedConv2D", ["x", "filter", "bias"], { ...strided, ...fused }),
      node("split", "Split", ["channels", "conv"], { num_split: { i: "2" } }),
      node("right", "Identity", ["split:1"]),
      node("sum", "AddV2", ["right", "right"]),
      node("shape", "Shape", ["x"]),
      node("batch", "StridedSlice", ["shape", "zero", "one", "one"], { shrink_axis_mask: { i: "1" } }),
      node("target", "Pack", ["batch", "rest"]),
      node("flat", "Reshape", ["sum", "target"]),
      node("unread", "Exp", ["flat"]),
      node("scores", "Softmax", ["flat", "^unread"]),
    ],
    {
      filter: { shape: [3, 3, 2, 4], values: Array.from({ length: 72 }, (_, at) => Math.cos(at)) },
      bias: { shape: [4], values: [0.5, -0.5, 1, 2] },
      channels: { shape: [], values: [3], dtype: "int32" },
      zero: { shape: [1], values: [0], dtype: "int32" },
      one: { shape: [1], values: [1], dtype: "int32" },
      rest: { shape: [], values: [-1], dtype: "int32" },
    },
  );

describe("a plan", () => {
  before(() => setBackend("cpu"));

  test("gives the numbers of GraphModel, a hundred times, and leaves no tensor", () => {
    const [graph, picture, before] = [forked(), image([1, 5, 4, 2]), live()];
    const plan = graph.plan("scores");
    assert.equal(live() - before, 3, "constants that are only read as numbers are no tensors");
    for (let round = 0; round < 100; round += 1) {
      const found = one(tidy(() => plan.run({ x: picture })));
      assert.equal(live() - before, 4);
      assert.deepEqual([...found.dataSync()], graph.peer("scores", { x: picture }));
      found.dispose();
    }
    plan.dispose();
    assert.equal(live(), before);
    picture.dispose();
  });

  test("gives the same step by step, with pauses between, and leaves no tensor", async () => {
    const [graph, picture, before] = [forked(), image([1, 5, 4, 2]), live()];
    const plan = graph.plan("scores");
    let [pauses, steps] = [0, 0];
    const pause = (): Promise<void> => {
      pauses += 1;
      return new Promise((turn) => void setImmediate(turn));
    };
    const take = <T>(step: () => T): T => ((steps += 1), step());
    const found = one(await plan.spread({ x: picture }, { pause, take }));
    assert.deepEqual([...found.dataSync()], graph.peer("scores", { x: picture }));
    assert.equal(live() - before, 4);
    assert.ok(pauses === steps && steps >= 7, `${pauses} pauses, ${steps} steps`);
    found.dispose();
    const all = steps;
    for (let last = 1; last < all; last += 1) {
      let left = last;
      const ending = plan.spread({ x: picture }, { pause: () => ((left -= 1) < 0 ? Promise.reject(new Error("ended")) : Promise.resolve()), take });
      await assert.rejects(ending, /^Error: ended$/);
      assert.equal(live() - before, 3, `ended after ${last} steps`);
    }
    assert.ok(!picture.isDisposed);
    plan.dispose();
    picture.dispose();
  });

  test("frees a tensor as soon as its last reader has run", async () => {
    const chain = Array.from({ length: 20 }, (_, at) => node(`n${at}`, "Neg", [at === 0 ? "x" : `n${at - 1}`]));
    const [plan, picture] = [new SmallGraph([x, ...chain]).plan("n19"), image([4])];
    const resting = memory().numBytes;
    const { peakBytes } = await profile(() => tidy(() => plan.run({ x: picture })));
    assert.equal(peakBytes - resting, 2 * 4 * 4);
    picture.dispose();
  });

  test("computes nothing that its output does not need", () => {
    const broken = new SmallGraph([x, node("bad", "Reshape", ["x", "missing"]), node("y", "Neg", ["x"])]);
    const [plan, picture] = [broken.plan("y"), tensor([1, -2])];
    assert.deepEqual([...one(tidy(() => plan.run({ x: picture }))).dataSync()], [-1, 2]);
    assert.throws(() => broken.plan("bad"), /its graph has no node missing/);
  });

  test("gives a copy where the output is an input or a constant", () => {
    const nodes = [x, node("same", "Identity", ["x"]), node("fixed", "Identity", ["c"])];
    const graph = new SmallGraph(nodes, { c: { shape: [1], values: [7] } });
    const picture = tensor([3]);
    for (const [output, value] of [["same", 3], ["fixed", 7]] as const) {
      const plan = graph.plan(output);
      for (const _ of [1, 2]) {
        const found = one(tidy(() => plan.run({ x: picture })));
        assert.deepEqual([...found.dataSync()], [value]);
        found.dispose();
      }
      plan.dispose();
    }
    assert.deepEqual([...picture.dataSync()], [3]);
  });

  test("names the node at which something goes wrong, and leaves nothing behind", () => {
    const nodes = [x, node("a", "Neg", ["x"]), node("b", "Reshape", ["a", "c"])];
    const graph = new SmallGraph(nodes, { c: { shape: [1], values: [7], dtype: "int32" } });
    const [plan, picture, before] = [graph.plan("b"), tensor([1, 2]), live()];
    assert.throws(() => tidy(() => plan.run({ x: picture })), /^Error: b \(Reshape\): .*7/s);
    assert.equal(live(), before);
    picture.dispose();
  });

  test("says what is wrong with a graph before it runs", () => {
    const before = live();
    const failing = (nodes: Parameters<typeof node>[], reason: RegExp): void => {
      const graph = new SmallGraph([x, ...nodes.map((one) => node(...one))], { c: { shape: [1], values: [1] } });
      assert.throws(() => graph.plan("y"), reason);
    };
    failing([["y", "AddV2", ["x"]]], /^Error: y \(AddV2\): it has no input 1$/);
    failing([["y", "AddV2", ["c", "z"]], ["z", "Neg", ["y"]]], /^Error: its graph goes round in a circle at y$/);
    failing([["y", "AddV2", ["c", "k"]], ["k", "Const", []]], /^Error: y \(AddV2\): its constant k is not among the weights$/);
    failing([["y", "Cast", ["x"], { DstT: type("RESOURCE") }]], /^Error: y \(Cast\): TensorFlow.js has no type DT_RESOURCE$/);
    assert.equal(live(), before);
  });

  test("refuses an input of another type or size", () => {
    const sized = node("x", "Placeholder", [], { dtype: type("UINT8"), shape: { shape: { dim: [{ size: "-1" }, { size: "2" }] } } });
    const plan = new SmallGraph([sized, node("y", "Neg", ["x"])]).plan("y");
    const run = (given: Tensor) => () => plan.run({ x: given });
    assert.throws(run(tensor([[1, 2]], [1, 2], "float32")), /^Error: the dtype of its input x is int32, and float32 was given$/);
    assert.throws(run(tensor([[1, 2, 3]], [1, 3], "int32")), /^Error: the shape of its input x is \[-1,2\], and \[1,3\] was given$/);
    assert.throws(run(tensor([1, 2], [2], "int32")), /^Error: the shape of its input x/);
  });

  test("has a rule for what kernels.json lists, and no other", () => {
    const passing = ["Const", "FakeQuantWithMinMaxVars", "Identity", "IdentityN", "Placeholder", "Snapshot", "StopGradient"];
    assert.deepEqual(Object.keys(kernels).sort(), [...RULES.keys(), ...passing].sort());
  });
});
