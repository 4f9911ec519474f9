/**
 * Runs TensorFlow.js graph models that arrive on stdin, one JSON object a line, and answers each with a line:
 * {document, weights: [{name, shape, dtype}], data, inputs: {name: {shape, dtype, data}}} →
 * {outputs: {name: {shape, dtype, data}}, kernels: [name]} or {error}. `data` of the weights is a file, others are base64.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

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
  tf.dispose([feeds, list]);
  model.dispose();
  return { outputs, kernels: kernelNames };
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
