import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { engine, setBackend } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import type { ModelSpec } from "../src/generated/contract";
import { loadNetwork, type ModelParts, type Network } from "../src/loading";
import type { Output } from "../src/tasks";
import { parts } from "../src/parts";
import "../src/parts/converter";
import "../src/parts/graph-model";
import { tinyContract } from "./support";

const FLOAT = { type: "DT_FLOAT" };
const node = (name: string, op: string, input: string[], attr: object = { T: FLOAT }): object => ({ name, op, attr, input });
const info = (name: string): object => ({ name: `${name}:0`, dtype: "DT_FLOAT" });

/** Of a 1x1 picture p, a state s and a ratio r: `total` = p + s, `scaled` = p * r, `same` = p + s again. */
function recurrentGraph(): ModelParts {
  const placeholder = (name: string): object => node(name, "Placeholder", [], { dtype: FLOAT });
  const topology = {
    format: "graph-model",
    modelTopology: {
      node: [placeholder("p"), placeholder("s"), placeholder("r"), node("sum", "AddV2", ["p", "s"]), node("product", "Mul", ["p", "r"])],
      versions: {},
    },
    signature: {
      inputs: { picture: info("p"), state: info("s"), ratio: info("r") },
      outputs: { total: info("sum"), scaled: info("product"), same: info("sum") },
    },
    weightsManifest: [{ paths: [], weights: [] }],
  };
  return { topology, shards: [] };
}

function recurrentSpec(ratio: ModelSpec["extra_inputs"][number]["kind"]): ModelSpec {
  const { model } = tinyContract();
  const tensor = (name: string, shape: number[]): ModelSpec["input"] => ({ name, shape, dtype: "float32" });
  const pixel = [1, 1, 1, 3];
  const extra = { kind: ratio, tensor: tensor("ratio", [1]), values: [2] } as ModelSpec["extra_inputs"][number];
  return {
    ...model,
    files: { ...model.files, format: "graph-model" },
    input: tensor("picture", [-1, 1, 1, 3]),
    preprocess: { ...model.preprocess, width: 1, height: 1 },
    extra_inputs: [extra, { kind: "feedback", tensor: tensor("state", pixel), output: 1 }],
    outputs: [tensor("scaled", pixel), tensor("total", pixel), tensor("same", pixel)],
    task: { kind: "raw" },
    labels: [],
  };
}

const RGBA = Uint8Array.of(1, 2, 3, 255);
const shown = (outputs: readonly Output[]): number[][] => outputs.map(({ values }) => [...values]);

async function opened(own: boolean, spec: ModelSpec): Promise<Network> {
  await setBackend("cpu");
  const { graphModel } = parts;
  if (!own) parts.graphModel = () => null;
  try {
    return await loadNetwork(recurrentGraph(), spec);
  } finally {
    if (graphModel) parts.graphModel = graphModel;
  }
}

for (const own of [true, false]) {
  describe(`several inputs and outputs, by ${own ? "the own executor" : "GraphModel"}`, () => {
    test("come in the contract's order, with their shapes; what is fed back is that of the frame before", async () => {
      const before = engine().state.numTensors;
      const network = await opened(own, recurrentSpec("fixed"));
      const first = await network.outputs(RGBA);
      assert.deepEqual(first.map(({ shape }) => shape), [[1, 1, 1, 3], [1, 1, 1, 3], [1, 1, 1, 3]]);
      assert.deepEqual(shown(first), [[2, 4, 6], [1, 2, 3], [1, 2, 3]]);
      const resting = engine().state.numTensors;
      assert.deepEqual(shown(await network.outputs(RGBA)), [[2, 4, 6], [2, 4, 6], [2, 4, 6]]);
      assert.equal(engine().state.numTensors, resting);
      network.dispose();
      assert.equal(engine().state.numTensors, before);
    });

    test("a picture on its own neither sees the frames before it nor is seen by those after it", async () => {
      const network = await opened(own, recurrentSpec("fixed"));
      const totals = async (alone: boolean): Promise<number[]> => shown(await network.outputs(RGBA, { alone }))[1] as number[];
      await network.warmUp(RGBA, () => Promise.resolve());
      assert.deepEqual(await totals(false), [1, 2, 3]);
      assert.deepEqual(await totals(true), [1, 2, 3]);
      assert.deepEqual(await totals(false), [2, 4, 6]);
      network.dispose();
    });

    test("the game's values win over the contract's, and must be as many", async () => {
      const network = await opened(own, recurrentSpec("given"));
      const resting = engine().state.numTensors;
      const scaled = async (given?: number[]): Promise<unknown> =>
        shown(await network.outputs(RGBA, { alone: true, ...(given ? { given: new Map([["ratio", given]]) } : {}) }))[0];
      assert.deepEqual([await scaled(), await scaled([10]), await scaled()], [[2, 4, 6], [10, 20, 30], [2, 4, 6]]);
      await assert.rejects(scaled([1, 2]), /^Error: its input ratio takes 1 values, and 2 were given$/);
      assert.equal(engine().state.numTensors, resting);
      network.dispose();
    });
  });
}
