/**
 * src/ → dist/: pieces.js, the runtime's statements one after the other; runtime.json, what each of them needs, from
 * which `generate` joins the runtime of a project (builder/joining.py); TensorFlow.js's WebAssembly file, named by its
 * content; ONNX Runtime Web's script and WebAssembly file; and notices of third parties for each of the two. src/reference/ and src/bench/ → reference.html, bench.html and their scripts,
 * which no game ever sees. The same sources give the same bytes.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { ownNamespace, takenApart, withoutUnused } from "./bundle-plugins.mjs";
import { pieces } from "./linker.mjs";
import { graph } from "./manifest.mjs";
import { notices, onnxNotices } from "./notices.mjs";
import { rootModules, roots } from "./roots.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = new URL("../dist/", import.meta.url);
const PAGES = ["reference", "bench"].map((name) => new URL(`../src/${name}/${name}.html`, import.meta.url));
const ORT = new URL("../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm", import.meta.url);
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

const OPTIONS = {
  absWorkingDir: ROOT,
  platform: "browser",
  mainFields: ["module", "browser", "main"],
  target: "es2019",
  charset: "ascii",
  logLevel: "warning",
  logOverride: { "empty-import-meta": "silent" }, // ONNX Runtime looks for its own address, and does without
};

async function bundle(entry, outfile, define) {
  const result = await build({
    ...OPTIONS,
    entryPoints: [entry],
    outfile,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "iife",
    legalComments: "external",
    define,
    plugins: [withoutUnused, ownNamespace, takenApart],
  });
  const text = (suffix) => result.outputFiles.find((file) => file.path.endsWith(suffix))?.text ?? "";
  return { script: text(outfile), legal: text(".LEGAL.txt"), inputs: Object.keys(result.metafile.inputs) };
}

/** Everything that a game's runtime may contain, in pieces. */
async function linked(define) {
  const sources = await roots();
  const plugins = [rootModules(sources, ROOT), withoutUnused, ownNamespace, takenApart];
  const found = await pieces({ ...OPTIONS, entryPoints: ["root:all"], outfile: "pieces.js", define, plugins });
  const text = found.pieces.map((piece) => piece.text).join("");
  return { text, ...graph(found, Object.keys(sources)), inputs: Object.keys(found.inputs), legal: found.legal };
}

function report(name, content) {
  const sizes = [content.length, gzipSync(content, { level: 9 }).length, brotliCompressSync(content).length];
  console.log(`${name}: ${sizes[0]} bytes, gzip ${sizes[1]}, brotli ${sizes[2]}`);
}

const wasm = named("tfjs-backend-wasm-simd", ".wasm", await readFile(WASM));
const define = { __GENERATOR__: JSON.stringify(await generatorVersion()) };
const game = await linked(define);
const reference = await bundle("src/reference/index.ts", "reference.js", { ...define, __JOINED__: JSON.stringify({ wasm: { file: wasm.ref } }) });
const ort = named("ort-wasm-simd-threaded", ".wasm", await readFile(ORT));
const onnx = await bundle("src/onnxruntime/part.ts", "onnxruntime.js", define);
const onnxScript = named("tfjs-bridge-onnxruntime", ".js", Buffer.from(onnx.script, "ascii"));
const bench = await bundle("src/bench/index.ts", "bench.js", define);
const script = Buffer.from(game.text, "ascii");
const manifest = {
  pieces: { ...named("pieces", ".js", script).ref, path: "pieces.js" },
  wasm: wasm.ref,
  onnx: { script: onnxScript.ref, file: ort.ref },
  parts: game.parts,
  kernels: game.kernels,
  nodes: game.nodes,
};

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
const write = (name, content) => writeFile(new URL(name, DIST), content);
await write("pieces.js", script);
await write(wasm.ref.path, wasm.content);
for (const { ref, content } of [onnxScript, ort]) await write(ref.path, content);
await write("onnxruntime.NOTICES.txt", await onnxNotices(ROOT, onnx.inputs, onnx.legal));
await write("kernels.json", await readFile(new URL("../src/executor/kernels.json", import.meta.url)));
await write("THIRD-PARTY-NOTICES.txt", await notices(ROOT, game.inputs, game.legal));
for (const page of PAGES) await write(page.pathname.split("/").at(-1), await readFile(page));
await write("reference.js", reference.script);
await write("bench.js", bench.script);
await write("reference.NOTICES.txt", await notices(ROOT, reference.inputs, reference.legal));
await write("runtime.json", `${JSON.stringify(manifest)}\n`);
report("pieces.js", script);
report(wasm.ref.path, wasm.content);
report(onnxScript.ref.path, onnxScript.content);
