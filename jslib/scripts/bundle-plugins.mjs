/** What the bundle changes in TensorFlow.js: nothing that computes, only what does not belong on a game's page. */

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
