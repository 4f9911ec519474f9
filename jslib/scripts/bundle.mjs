/**
 * src/index.ts → dist/: the runtime script and TensorFlow.js's WebAssembly file, named by their content, with
 * runtime.json (their lengths and SHA-256) and THIRD-PARTY-NOTICES.txt beside them. The same sources give the same bytes.
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

async function bundle(define) {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/index.ts"],
    outfile: "tfjs-bridge.js",
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
  return { script: text("tfjs-bridge.js"), legal: text(".LEGAL.txt"), inputs: Object.keys(result.metafile.inputs) };
}

function report({ ref, content }) {
  const sizes = [content.length, gzipSync(content, { level: 9 }).length, brotliCompressSync(content).length];
  console.log(`${ref.path}: ${sizes[0]} bytes, gzip ${sizes[1]}, brotli ${sizes[2]}`);
}

const wasm = named("tfjs-backend-wasm-simd", ".wasm", await readFile(WASM));
const { script: text, legal, inputs } = await bundle({
  __GENERATOR__: JSON.stringify(await generatorVersion()),
  __WASM_FILE__: JSON.stringify(wasm.ref),
});
const script = named("tfjs-bridge", ".js", Buffer.from(text, "utf8"));
const notice = await notices(ROOT, inputs, legal);

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
for (const { ref, content } of [script, wasm]) await writeFile(new URL(ref.path, DIST), content);
await writeFile(new URL("THIRD-PARTY-NOTICES.txt", DIST), notice);
await writeFile(new URL("runtime.json", DIST), `${JSON.stringify({ script: script.ref, wasm: [wasm.ref] }, null, 2)}\n`);
[script, wasm].forEach(report);
