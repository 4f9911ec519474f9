/**
 * src/index.ts → dist/: the runtime script and TensorFlow.js's WebAssembly file, named by their content, with
 * runtime.json (their lengths and SHA-256) and THIRD-PARTY-NOTICES.txt beside them; src/reference/ → reference.html
 * and reference.js, which no game ever sees. The same sources give the same bytes.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { ownNamespace, withoutUnused } from "./bundle-plugins.mjs";
import { notices } from "./notices.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = new URL("../dist/", import.meta.url);
const PAGE = new URL("../src/reference/reference.html", import.meta.url);
const WASM = new URL("../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm", import.meta.url);

function named(stem, suffix, content) {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { ref: { path: `${stem}.${sha256.slice(0, 12)}${suffix}`, bytes: content.length, sha256 }, content };
}

/** The version of tfjs-for-unity, from the one place that holds it. */
async function generatorVersion() {
  const source = await readFile(new URL("../../builder/__init__.py", import.meta.url), "utf8");
  const found = /^__version__ = "([^"]+)"$/m.exec(source);
  if (!found) throw new Error("builder/__init__.py has no __version__");
  return found[1];
}

async function bundle(entry, outfile, define) {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "iife",
    platform: "browser",
    mainFields: ["module", "browser", "main"],
    target: "es2019",
    charset: "ascii",
    legalComments: "external",
    logLevel: "warning",
    define,
    plugins: [withoutUnused, ownNamespace],
  });
  const text = (suffix) => result.outputFiles.find((file) => file.path.endsWith(suffix))?.text ?? "";
  return { script: text(outfile), legal: text(".LEGAL.txt"), inputs: Object.keys(result.metafile.inputs) };
}

function report({ ref, content }) {
  const sizes = [content.length, gzipSync(content, { level: 9 }).length, brotliCompressSync(content).length];
  console.log(`${ref.path}: ${sizes[0]} bytes, gzip ${sizes[1]}, brotli ${sizes[2]}`);
}

const wasm = named("tfjs-backend-wasm-simd", ".wasm", await readFile(WASM));
const define = {
  __GENERATOR__: JSON.stringify(await generatorVersion()),
  __WASM_FILE__: JSON.stringify(wasm.ref),
};
const game = await bundle("src/index.ts", "tfjs-bridge.js", define);
const reference = await bundle("src/reference/index.ts", "reference.js", define);
const script = named("tfjs-bridge", ".js", Buffer.from(game.script, "utf8"));

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
const write = (name, content) => writeFile(new URL(name, DIST), content);
for (const { ref, content } of [script, wasm]) await write(ref.path, content);
await write("kernels.json", await readFile(new URL("../src/executor/kernels.json", import.meta.url)));
await write("THIRD-PARTY-NOTICES.txt", await notices(ROOT, game.inputs, game.legal));
await write("reference.html", await readFile(PAGE));
await write("reference.js", reference.script);
await write("reference.NOTICES.txt", await notices(ROOT, reference.inputs, reference.legal));
await write("runtime.json", `${JSON.stringify({ script: script.ref, wasm: [wasm.ref] }, null, 2)}\n`);
[script, wasm].forEach(report);
