/**
 * node --import tsx turns.mjs ROUNDS SHAPE FOLDER …: the milliseconds of the best of that many inferences of each graph model,
 * taken in turns, by TensorFlow.js's wasm backend in Node; one JSON array on stdout. SHAPE is that of the input, as JSON.
 */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const require = createRequire(new URL("../../jslib/package.json", import.meta.url));
const tf = require("@tensorflow/tfjs-core");
const { loadGraphModel } = require("@tensorflow/tfjs-converter");
const { setWasmPaths } = require("@tensorflow/tfjs-backend-wasm");

function artifacts(folder) {
  const document = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  const groups = document.weightsManifest;
  const files = groups.flatMap((group) => group.paths).map((path) => readFileSync(join(folder, path)));
  const weightData = Uint8Array.from(Buffer.concat(files)).buffer;
  const weightSpecs = groups.flatMap((group) => group.weights);
  return { ...document, weightSpecs, weightData };
}

const [rounds, shape, ...folders] = process.argv.slice(2);
setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm"))}/`);
await tf.setBackend("wasm");
const models = await Promise.all(folders.map((folder) => loadGraphModel({ load: async () => artifacts(folder) })));
const x = tf.randomNormal(JSON.parse(shape), 0, 1, "float32", 1);
const best = models.map(() => Infinity);
for (let round = 0; round < Number(rounds); round++) {
  for (const [index, model] of models.entries()) {
    const started = performance.now();
    const answer = model.predict(x);
    answer.dataSync();
    best[index] = Math.min(best[index], performance.now() - started);
    answer.dispose();
  }
}
console.log(JSON.stringify(best));
