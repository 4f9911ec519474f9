/** The roots that a runtime is joined from: the core, each part, and each kernel of each backend, as modules. */
import { readdir, readFile } from "node:fs/promises";

const NAMESPACE = "root";
const KERNELS = { webgl: "@tensorflow/tfjs-backend-webgl", wasm: "@tensorflow/tfjs-backend-wasm" };
/** What a runtime may lack besides tasks and kernels. */
const PARTS = ["graph-model", "converter", "layers-model", "webgl", "wasm"];
const IMPORT = /^import \{ (\w+)(?: as (\w+))? \} from '\.\/(kernels\/\w+)';$/gm;

/** The modules of a backend's kernels, as its own list imports them: [name of the configuration, path]. */
async function listed(packageName) {
  const list = new URL(`../node_modules/${packageName}/dist/register_all_kernels.js`, import.meta.url);
  const text = await readFile(list, "utf8");
  const found = [...text.matchAll(IMPORT)].map(([, name, , path]) => [name, `${packageName}/dist/${path}`]);
  const registered = /kernelConfigs = \[([^\]]*)\]/.exec(text)[1].split(",").length;
  if (found.length !== registered) throw new Error(`${packageName}: ${registered} kernels, but ${found.length} imports`);
  return found;
}

const registration = (config, path) =>
  `import { registerKernel } from "@tensorflow/tfjs-core";\nimport { ${config} } from "${path}";\nregisterKernel(${config});\n`;

/** The kinds of tasks, as `src/parts/tasks/` has them. */
async function tasks() {
  const found = await readdir(new URL("../src/parts/tasks/", import.meta.url));
  return found.map((name) => name.replace(/\.ts$/, "")).filter((kind) => kind !== "all").sort();
}

/** Name → source of every root; the name of a kernel's is `kernel/<backend>/<configuration>`. */
export async function roots() {
  const found = { core: 'import "./src/index.ts";' };
  for (const part of PARTS) found[`part/${part}`] = `import "./src/parts/${part}.ts";`;
  for (const kind of await tasks()) found[`part/task/${kind}`] = `import "./src/parts/tasks/${kind}.ts";`;
  for (const [backend, packageName] of Object.entries(KERNELS)) {
    for (const [config, path] of await listed(packageName)) found[`kernel/${backend}/${config}`] = registration(config, path);
  }
  return found;
}

/** Lets esbuild find the roots, and one entry that has them all: `root:all`. */
export const rootModules = (sources, resolveDir) => ({
  name: "roots",
  setup(build) {
    build.onResolve({ filter: /^root:/ }, ({ path }) => ({ path: path.slice(NAMESPACE.length + 1), namespace: NAMESPACE }));
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({
      contents: path === "all" ? Object.keys(sources).map((name) => `import "root:${name}";`).join("\n") : sources[path],
      loader: "js",
      resolveDir,
    }));
  },
});
