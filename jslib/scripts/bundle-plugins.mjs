/** What the bundle changes in TensorFlow.js: nothing that computes, only what does not belong on a game's page. */
import { readFile } from "node:fs/promises";

/** Code that a page without threads never runs: the threaded wasm glue with its worker, gradients, and Node's fetch. */
const UNUSED = /(tfjs-backend-wasm-threaded-simd(\.worker)?\.js|register_all_gradients|^node-fetch|^string_decoder)$/;

export const withoutUnused = {
  name: "without-unused",
  setup(build) {
    build.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: "unused" }));
    build.onLoad({ filter: /.*/, namespace: "unused" }, () => ({
      contents: "export const wasmWorkerContents = ''; export default undefined;",
      loader: "js",
    }));
  },
};

/**
 * TensorFlow.js keeps its engine and kernels on `window`, where any other copy on the page would meet them, and takes
 * flags from the page's query string. This copy keeps them to itself; of `window` it needs `atob` only.
 */
const OWN_NAMESPACE = `
const namespace = { atob: (text) => atob(text) };
const singletons = new Map();
export const getGlobalNamespace = () => namespace;
export function getGlobal(key, init) {
  if (!singletons.has(key)) singletons.set(key, init());
  return singletons.get(key);
}
`;

export const ownNamespace = {
  name: "own-namespace",
  setup(build) {
    const filter = /tfjs-core[\\/]dist[\\/]global_util\.js$/;
    build.onLoad({ filter }, () => ({ contents: OWN_NAMESPACE, loader: "js" }));
  },
};

/** Puts `change` of a module's text in place of the text; fails where the module no longer is what `change` was written for. */
function rewriting(build, filter, change) {
  build.onLoad({ filter }, async ({ path }) => {
    const text = await readFile(path, "utf8");
    const contents = change(text);
    if (contents === text) throw new Error(`${path} is not as expected`);
    return { contents, loader: "js" };
  });
}

const SHARED = /import \* as shared from ('[^']+');\s*const \{([^}]*)\} = shared;/;
const HASHES = "@tensorflow/tfjs-core/dist/hash_util";

/**
 * What the backends take from the cpu backend, and hashes of texts, by their names instead of in one object, which no bundler can
 * divide: whoever needs none of it does not get it.
 */
export const takenApart = {
  name: "taken-apart",
  setup(build) {
    rewriting(build, /tfjs-backend-webgl[\\/]dist[\\/]kernel_utils[\\/]shared\.js$/, (text) =>
      text.replace(SHARED, (_, from, names) => `import {${names.replaceAll(":", " as ")}} from ${from};`));
    rewriting(build, /tfjs-core[\\/]dist[\\/]util\.js$/, (text) => text.replace("export * from './hash_util';", ""));
    rewriting(build, /tfjs-backend-cpu[\\/]dist[\\/]kernels[\\/]StringToHashBucketFast_impl\.js$/, (text) =>
      `import { fingerPrint64 } from "${HASHES}";\n${text.replace("util.fingerPrint64(", "fingerPrint64(")}`);
  },
};
