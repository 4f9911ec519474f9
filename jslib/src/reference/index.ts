/**
 * The reference page: TensorFlow.js as it is, to compare with and to measure by. `tfjsReference` loads one model per
 * page. It never reaches a game.
 */
import { memory, type Tensor } from "@tensorflow/tfjs-core";
import { byteLength, tensorOf, wireArray, type WireArray } from "./arrays";
import { startBackend, type ReferenceBackend } from "./backend";
import { loadNetwork, type Network, type Port } from "./network";
import { see, type Seeing } from "./picture";

interface LoadRequest {
  readonly url: string;
  readonly backend: ReferenceBackend;
  readonly softwareWebgl: boolean;
}

interface Loaded {
  readonly renderer: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly ops: Readonly<Record<string, number>>;
}

/** `inputs` by name, or in the model's order; `outputs` null for all; `maxBytes` bounds what comes back. */
interface RunRequest {
  readonly inputs: Readonly<Record<string, WireArray>> | readonly WireArray[];
  readonly outputs: readonly string[] | null;
  readonly maxBytes: number;
}

interface TimeRequest extends RunRequest {
  readonly warmup: number;
  readonly runs: number;
}

const scriptUrl = (document.currentScript as HTMLScriptElement).src;
let network: Network | null = null;

async function load({ url, backend, softwareWebgl }: LoadRequest): Promise<Loaded> {
  if (network) throw new Error("this page holds a model already");
  const renderer = await startBackend(backend, softwareWebgl, scriptUrl);
  network = await loadNetwork(new URL(url, scriptUrl).href);
  return { renderer, inputs: network.inputs, outputs: network.outputs, ops: network.ops };
}

function requireNetwork(): Network {
  if (!network) throw new Error("this page holds no model");
  return network;
}

const free = (tensors: readonly Tensor[]): void => tensors.forEach((tensor) => tensor.dispose());

/** The arrays in the order of the model's inputs; none may be missing, none left over. */
function ordered({ inputs: ports }: Network, given: RunRequest["inputs"]): WireArray[] {
  const names = ports.map(({ name }) => name);
  const byName = new Map(Array.isArray(given) ? given.map((array, place) => [names[place] ?? `#${place}`, array]) : Object.entries(given));
  const unknown = [...byName.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`it has no input ${unknown}; its inputs: ${names.join(", ")}`);
  return names.map((name) => {
    const array = byName.get(name);
    if (!array) throw new Error(`the input ${name} is missing`);
    return array;
  });
}

const wantedOf = (model: Network, { outputs }: RunRequest): readonly string[] => outputs ?? model.outputs.map(({ name }) => name);

async function run(request: RunRequest): Promise<Record<string, WireArray>> {
  const model = requireNetwork();
  const wanted = wantedOf(model, request);
  const given = ordered(model, request.inputs).map(tensorOf);
  let made: Tensor[] = [];
  try {
    made = await model.run(given, wanted);
    const bytes = byteLength(made);
    if (bytes > request.maxBytes) throw new Error(`its outputs hold ${bytes} bytes, more than the ${request.maxBytes} that are handed over`);
    const arrays = await Promise.all(made.map(wireArray));
    return Object.fromEntries(wanted.map((name, place) => [name, arrays[place] as WireArray]));
  } finally {
    free([...given, ...made]);
  }
}

/** Milliseconds from the call to the values of all outputs: `data()` waits until the backend has computed them. */
async function once(model: Network, given: readonly Tensor[], wanted: readonly string[]): Promise<number> {
  const begun = performance.now();
  const made = await model.run(given, wanted);
  await Promise.all(made.map((tensor) => tensor.data()));
  const elapsed = performance.now() - begun;
  free(made);
  return elapsed;
}

async function time(request: TimeRequest): Promise<number[]> {
  const model = requireNetwork();
  const wanted = wantedOf(model, request);
  const given = ordered(model, request.inputs).map(tensorOf);
  try {
    const times: number[] = [];
    for (let round = 0; round < request.warmup + request.runs; round += 1) times.push(await once(model, given, wanted));
    return times.slice(request.warmup);
  } finally {
    free(given);
  }
}

const reference = {
  load,
  run,
  time,
  see: (canvas: HTMLCanvasElement, seeing: Seeing) => see(requireNetwork(), canvas, seeing),
  tensors: () => memory().numTensors,
};
export type Reference = typeof reference;
Object.defineProperty(globalThis, "tfjsReference", { value: Object.freeze(reference) });
