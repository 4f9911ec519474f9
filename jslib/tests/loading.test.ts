import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { engine, setBackend, tensor } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import type { ModelSpec } from "../src/generated/contract";
import { loadNetwork, type ModelParts, type Network } from "../src/loading";
import "../src/parts/converter";
import "../src/parts/graph-model";
import "../src/parts/layers-model";
import type { Output } from "../src/tasks";
import { tinyContract } from "./support";

const layer = (class_name: string, name: string, config: object, ...from: string[]): object => ({
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes: from.length > 0 ? [from.map((source) => [source, 0, 0, {}])] : [],
});

/** A layers model of a 1x1 RGB picture with two outputs: `sum` = r + 2g + 3b, and `pair` = (r, -b). */
function twoOutputs(): ModelParts {
  const dense = (name: string, units: number): object =>
    layer("Dense", name, { units, use_bias: false, activation: "linear" }, "flat");
  const layers = [
    layer("InputLayer", "picture", { batch_input_shape: [null, 1, 1, 3], dtype: "float32" }),
    layer("Flatten", "flat", {}, "picture"),
    dense("sum", 1),
    dense("pair", 2),
  ];
  const config = { name: "two", layers, input_layers: [["picture", 0, 0]], output_layers: [["sum", 0, 0], ["pair", 0, 0]] };
  const weight = (name: string, units: number): object => ({ name: `${name}/kernel`, shape: [3, units], dtype: "float32" });
  const topology = {
    format: "layers-model",
    modelTopology: { model_config: { class_name: "Functional", config } },
    weightsManifest: [{ paths: ["w"], weights: [weight("sum", 1), weight("pair", 2)] }],
  };
  return { topology, shards: [new Uint8Array(Float32Array.of(1, 2, 3, 1, 0, 0, 0, 0, -1).buffer)] };
}

/** A graph that gives its int32 input [1, 3, 1, 1] back as float32. */
function castGraph(): ModelParts {
  const node = (name: string, op: string, attr: object, ...input: string[]): object => ({ name, op, attr, input });
  const types = { SrcT: { type: "DT_UINT8" }, DstT: { type: "DT_FLOAT" } };
  const info = (name: string, dtype: string): object => ({ name: `${name}:0`, dtype });
  const topology = {
    format: "graph-model",
    modelTopology: {
      node: [node("image", "Placeholder", { dtype: { type: "DT_UINT8" } }), node("cast", "Cast", types, "image")],
      versions: {},
    },
    signature: { inputs: { image: info("image", "DT_UINT8") }, outputs: { scores: info("cast", "DT_FLOAT") } },
    weightsManifest: [{ paths: [], weights: [] }],
  };
  return { topology, shards: [] };
}

/** A graph that gives the places of what is not 0 in its input, of which nobody knows the number: it runs piece by piece. */
function placesGraph(): ModelParts {
  const { topology, shards } = castGraph();
  const { modelTopology, signature } = topology as { modelTopology: { node: object[] }; signature: object };
  const types = { SrcT: { type: "DT_INT32" }, DstT: { type: "DT_FLOAT" } };
  modelTopology.node[0] = { name: "image", op: "Placeholder", attr: { dtype: { type: "DT_INT32" } }, input: [] };
  modelTopology.node[1] = { name: "places", op: "Where", attr: {}, input: ["image"] };
  modelTopology.node[2] = { name: "cast", op: "Cast", attr: types, input: ["places"] };
  return { topology: { ...(topology as object), signature: { ...signature, inputs: { image: { name: "image:0", dtype: "DT_INT32" } } } }, shards };
}

function specOf(format: ModelSpec["files"]["format"], output: string, change: Partial<ModelSpec["preprocess"]> = {}): ModelSpec {
  const { model } = tinyContract();
  return {
    ...model,
    files: { ...model.files, format },
    outputs: [{ name: output, shape: [-1, 3], dtype: "float32" }],
    preprocess: { ...model.preprocess, width: 1, height: 1, ...change },
  };
}

const scoresOf = async (network: Network, rgba: Uint8Array): Promise<Output["values"]> => ((await network.outputs(rgba))[0] as Output).values;

describe("a loaded network", () => {
  test("gives the output that the contract names, and frees the others", async () => {
    await setBackend("cpu");
    for (const [name, expected] of [["sum", [321]], ["pair", [1, -100]]] as const) {
      const before = engine().state.numTensors;
      const network = await loadNetwork(twoOutputs(), specOf("layers-model", name));
      const loaded = engine().state.numTensors;
      assert.deepEqual([...(await scoresOf(network, Uint8Array.of(1, 10, 100, 255)))], expected);
      assert.equal(engine().state.numTensors, loaded);
      network.dispose();
      assert.equal(engine().state.numTensors, before);
    }
  });

  test("says which output it lacks", async () => {
    await setBackend("cpu");
    const network = await loadNetwork(twoOutputs(), specOf("layers-model", "third"));
    await assert.rejects(scoresOf(network, Uint8Array.of(1, 10, 100, 255)), /^Error: it has no output third$/);
    network.dispose();
    const spec = specOf("graph-model", "third");
    const graph = loadNetwork(castGraph(), { ...spec, input: { ...spec.input, dtype: "int32" } });
    await assert.rejects(graph, /^Error: it has no output third$/);
  });

  test("takes whole numbers as int32, since TensorFlow.js has no uint8", async () => {
    await setBackend("cpu");
    const spec = specOf("graph-model", "scores", { layout: "NCHW" });
    const integers = await loadNetwork(castGraph(), { ...spec, input: { ...spec.input, dtype: "int32" } });
    assert.deepEqual([...(await scoresOf(integers, Uint8Array.of(0, 128, 255, 255)))], [0, 128, 255]);
    integers.dispose();
    const floats = await loadNetwork(castGraph(), spec);
    await assert.rejects(scoresOf(floats, Uint8Array.of(0, 128, 255, 255)), /dtype.*int32.*float32/s);
    floats.dispose();
  });

  test("counts the page's tensors at rest, without those of inferences under way", async () => {
    await setBackend("cpu");
    const wholeNumbers = specOf("graph-model", "scores", { layout: "NCHW" });
    const later = { ...wholeNumbers, input: { ...wholeNumbers.input, dtype: "int32" } } as const;
    const networks = [
      await loadNetwork(twoOutputs(), specOf("layers-model", "sum")),
      await loadNetwork(twoOutputs(), specOf("layers-model", "pair")),
      await loadNetwork(placesGraph(), later),
    ];
    assert.deepEqual(networks.map(({ resting }) => resting), [-1, -1, -1]);
    const [sum, pair, places] = networks as [Network, Network, Network];
    const input = Uint8Array.of(1, 0, 100, 255);
    for (const leaked of [0, 1]) {
      if (leaked) tensor([1]);
      const atRest = engine().state.numTensors;
      const running = [scoresOf(sum, input), scoresOf(pair, input)];
      assert.equal(engine().state.numTensors, atRest + 4);
      await Promise.all(running);
      assert.deepEqual([sum.resting, pair.resting], [atRest, atRest]);
      // One that runs piece by piece, beside one that ends before it: nobody knows what that one saw.
      const [scores] = await Promise.all([scoresOf(places, input), scoresOf(sum, input)]);
      assert.deepEqual([...scores], [0, 0, 0, 0, 0, 2, 0, 0]);
      assert.deepEqual([sum.resting, places.resting], [atRest, atRest]);
    }
    for (const network of networks) network.dispose();
  });

  test("counts no more than before after an inference that failed", async () => {
    await setBackend("cpu");
    const network = await loadNetwork(twoOutputs(), specOf("layers-model", "third"));
    const atRest = engine().state.numTensors;
    await assert.rejects(scoresOf(network, Uint8Array.of(1, 10, 100, 255)));
    assert.equal(network.resting, atRest);
    network.dispose();
  });
});
