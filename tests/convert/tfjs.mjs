/** TensorFlow.js itself, on its cpu backend: reads a job as JSON from stdin, answers as JSON on stdout.
 *  {folder} → {weights: {name: {shape, dtype, data}}}; {folder, inputs} → {outputs: {name: …}}. Data is base64. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

const require = createRequire(new URL("../../jslib/package.json", import.meta.url));
const tf = require("@tensorflow/tfjs-core");
require("@tensorflow/tfjs-backend-cpu");

const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");
const described = (tensor) => ({ shape: tensor.shape, dtype: tensor.dtype, data: bytesOf(tensor.dataSync()) });
const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

function artifacts(folder) {
  const json = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  const specs = json.weightsManifest.flatMap((group) => group.weights);
  // As the browser gets them: one buffer for each shard.
  const data = json.weightsManifest.flatMap((group) => group.paths).map((path) => Uint8Array.from(readFileSync(join(folder, path))).buffer);
  return tf.io.getModelArtifactsForJSONSync(json, specs, data);
}

function tensorOf({ shape, dtype, data }) {
  const bytes = Uint8Array.from(Buffer.from(data, "base64")).buffer;
  return tf.tensor(dtype === "int32" ? new Int32Array(bytes) : new Float32Array(bytes), shape, dtype);
}

async function predict(folder, inputs) {
  const loaded = artifacts(folder);
  if ("node" in loaded.modelTopology) {
    const { loadGraphModel } = require("@tensorflow/tfjs-converter");
    const model = await loadGraphModel({ load: async () => loaded });
    const names = model.outputs.map((tensor) => tensor.name);
    const found = model.execute(mapped(inputs, tensorOf), names);
    return Object.fromEntries(names.map((name, i) => [name, described([found].flat()[i])]));
  }
  const { loadLayersModel } = require("@tensorflow/tfjs-layers");
  const model = await loadLayersModel({ load: async () => loaded });
  return { output: described(model.predict(Object.values(inputs).map(tensorOf)[0])) };
}

let text = "";
process.stdin.setEncoding("utf8");
for await (const piece of process.stdin) text += piece;
const job = JSON.parse(text);
await tf.setBackend("cpu");
const answer = job.inputs
  ? { outputs: await predict(job.folder, job.inputs) }
  : { weights: mapped(tf.io.decodeWeights(artifacts(job.folder).weightData, artifacts(job.folder).weightSpecs), described) };
process.stdout.write(JSON.stringify(answer));
