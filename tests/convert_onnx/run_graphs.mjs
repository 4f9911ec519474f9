/**
 * Runs TensorFlow.js graph models that arrive on stdin, one JSON object a line, and answers each with a line:
 * {document, weights: [{name, shape, dtype}], data, inputs: {name: {shape, dtype, data}}} →
 * {outputs: {name: {shape, dtype, data}}, kernels: [name], own} or {error}. `data` of the weights is a file, others are base64.
 *
 * A graph of which the runtime's own executor knows all operations runs there as well (`own` is true): its answers have to be
 * the same bits as those of TensorFlow.js's GraphModel, by the kernels that kernels.json says, and leave no tensor behind.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import { Graph, reference } from "../../jslib/src/executor/graph.ts";
import { Plan } from "../../jslib/src/executor/plan.ts";
import { weightsOf } from "../../jslib/src/executor/weights.ts";
import declared from "../../jslib/src/executor/kernels.json" with { type: "json" };

const require = createRequire(new URL("../../jslib/package.json", import.meta.url));
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
const { setWasmPaths } = require("@tensorflow/tfjs-backend-wasm");
require("@tensorflow/tfjs-backend-webgl");

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
const ASYNC = new Set(["NonMaxSuppressionV3", "Where"]);

function tensorOf({ shape, dtype, data }) {
  const bytes = Buffer.from(data, "base64");
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return tf.tensor(new ARRAYS[dtype](copy), shape, dtype);
}

async function described(tensor) {
  const values = ARRAYS[tensor.dtype].from(await tensor.data());
  const data = Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
  return { shape: tensor.shape, dtype: tensor.dtype, data };
}

/** Two shards, so that a weight may lie in both, and begin anywhere. */
function shardsOf(bytes) {
  const half = Math.floor(bytes.length / 2);
  return [Uint8Array.from(bytes.subarray(0, half)), Uint8Array.from(bytes.subarray(half))];
}

/** One output by the runtime's own executor; null where the graph has operations that it does not know. */
async function runOwn({ document, weights, bytes, feeds }, name, expected) {
  const given = Object.fromEntries(Object.entries(feeds).map(([input, tensor]) => [reference(input).node, tensor]));
  const graph = new Graph({ ...document, weightsManifest: [{ weights }] });
  const wanted = graph.output(name);
  const operations = [...graph.operations([wanted])];
  if (!operations.every((op) => op in declared)) return null;
  const plan = new Plan(graph, [wanted], weightsOf(weights, shardsOf(bytes)));
  const resting = tf.memory().numTensors;
  let found;
  const { kernelNames } = await tf.profile(() => {
    [found] = tf.tidy(() => plan.run(given));
    return [];
  });
  const answer = await described(found);
  tf.dispose(found);
  if (tf.memory().numTensors !== resting) throw new Error(`${tf.memory().numTensors - resting} tensors are left behind`);
  plan.dispose();
  const kernels = new Set(operations.flatMap((op) => declared[op]));
  const undeclared = kernelNames.filter((kernel) => !kernels.has(kernel));
  if (undeclared.length > 0) throw new Error(`kernels.json lacks ${undeclared} for ${operations}`);
  if (!isDeepStrictEqual(answer, expected)) throw new Error(`own executor: ${name} differs from that of GraphModel`);
  return answer;
}

async function run({ document, weights, data, inputs }) {
  const bytes = await readFile(data);
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const artifacts = { ...document, weightSpecs: weights, weightData };
  const model = await loadGraphModel(tf.io.fromMemory(artifacts));
  const { signature, modelTopology } = document;
  const feeds = {};
  for (const [name, input] of Object.entries(inputs)) {
    feeds[signature.inputs[name].name] = tensorOf(input);
  }
  const names = Object.keys(signature.outputs);
  const nodes = names.map((name) => signature.outputs[name].name);
  const dynamic = modelTopology.node.some((node) => ASYNC.has(node.op));
  let found;
  const { kernelNames } = await tf.profile(async () => {
    found = dynamic ? await model.executeAsync(feeds, nodes) : model.execute(feeds, nodes);
    return [];
  });
  const list = Array.isArray(found) ? found : [found];
  const outputs = {};
  for (const [index, name] of names.entries()) outputs[name] = await described(list[index]);
  tf.dispose(list);
  model.dispose();
  let own = true;
  for (const name of names) own = (await runOwn({ document, weights, bytes, feeds }, name, outputs[name])) !== null && own;
  tf.dispose(feeds);
  return { outputs, kernels: kernelNames, own };
}

setWasmPaths(`${join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist")}/`);
await tf.setBackend(process.argv[2] ?? "wasm");
const webgl = new Set(tf.getKernelsForBackend("webgl").map((kernel) => kernel.kernelName));
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let answer;
  try {
    answer = await run(JSON.parse(line));
    const lacking = answer.kernels.filter((name) => !name.endsWith("__op") && !webgl.has(name));
    if (lacking.length) answer = { error: `not on webgl: ${lacking}` };
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
