/** From a contract's URL to a model that has run once: downloads, checks, loading and warm-up. */
import type { Contract, FileRef, ModelSpec } from "./generated/contract";
import { MODEL_FAILED } from "./generated/errors";
import { checkedContract } from "./contract";
import type { Store } from "./device-store";
import type { Engine, Surroundings } from "./engine";
import { entryOf, Failure } from "./failure";
import { fetchBinary, fetchContract, fetchJson, type Download, type Fetch } from "./fetching";
import type { Lanes } from "./lanes";
import type { ModelParts, Network } from "./loading";
import type { EngineChoice, LoadOptions } from "./options";
import { classScores } from "./scores";
import { fileUrl } from "./urls";

/** What the preparation needs from outside. */
export interface Tools {
  readonly fetch: Fetch;
  /** Bounds the downloads of the whole page. */
  readonly lanes: Lanes;
  readonly store: Store;
  /** Milliseconds, ever growing. */
  now(): number;
  openEngine(choice: EngineChoice, around: Surroundings): Promise<Engine>;
  loadNetwork(parts: ModelParts, spec: ModelSpec): Promise<Network>;
}

export interface Request {
  readonly contractUrl: string;
  readonly contractHash: string;
  readonly options: LoadOptions;
  readonly scriptUrl: string;
  readonly signal: AbortSignal;
}

/** Whom to tell what is known so far. */
export interface Progress {
  contract(contract: Contract): void;
  engine(engine: Engine): void;
  /** 0..1 */
  fraction(done: number): void;
}

export interface Prepared {
  readonly contract: Contract;
  readonly engine: Engine;
  readonly network: Network;
  readonly warmupMs: number;
}

/** Ends the preparation of a model that was disposed meanwhile. */
function requireWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new Error("it was disposed while loading");
}

const DOWNLOADED = 0.9;
const LOADED = 0.95;

/** Adds up what arrives, never backwards; more than was announced, as a wrong file may bring, counts as all of it. */
function counter(files: readonly FileRef[], progress: Progress): (count: number) => void {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let received = 0;
  let most = 0;
  return (count) => {
    received += count;
    most = Math.max(most, Math.min(received, total));
    progress.fraction((DOWNLOADED * most) / Math.max(1, total));
  };
}

/** All files of the model at once, each checked against the contract. */
async function downloaded(contractUrl: string, { model }: Contract, download: Download, progress: Progress): Promise<ModelParts> {
  const { topology, shards } = model.files;
  const counted = { ...download, onBytes: counter([topology, ...shards], progress) };
  const [json, ...weights] = await Promise.all([
    fetchJson(fileUrl(contractUrl, topology.path), topology, counted),
    ...shards.map((shard) => fetchBinary(fileUrl(contractUrl, shard.path), shard, counted)),
  ] as const);
  return { topology: json, shards: weights };
}

/** A picture that is nowhere flat: models that divide by a picture's own contrast would give NaN for a flat one. */
function warmUpPicture(pixels: number): Uint8Array {
  return Uint8Array.from({ length: 4 * pixels }, (_, index) => (index * 89 + (index >> 8) * 57) & 255);
}

/** Runs the model once, which compiles shaders, and checks what it gives. Returns milliseconds. */
async function warmUp(network: Network, spec: ModelSpec, tools: Tools): Promise<number> {
  const { width, height } = spec.preprocess;
  const begun = tools.now();
  classScores(await network.scores(warmUpPicture(width * height)), spec);
  return tools.now() - begun;
}

async function warmedUp(parts: ModelParts, spec: ModelSpec, tools: Tools, request: Request, progress: Progress): Promise<[Network, number]> {
  const network = await tools.loadNetwork(parts, spec);
  try {
    requireWanted(request.signal);
    progress.fraction(LOADED);
    const warmupMs = await warmUp(network, spec, tools);
    requireWanted(request.signal);
    return [network, warmupMs];
  } catch (thrown) {
    network.dispose();
    throw thrown;
  }
}

/** Everything up to the first inference. Rejects with a Failure; after an abort nothing of it remains. */
export async function prepare(request: Request, tools: Tools, progress: Progress): Promise<Prepared> {
  const { contractUrl, contractHash, options, scriptUrl, signal } = request;
  const download: Download = { fetch: tools.fetch, lanes: tools.lanes, signal };
  const contract = checkedContract(contractUrl, await fetchContract(contractUrl, contractHash, download));
  progress.contract(contract);
  const opened = tools.openEngine(options, { scriptUrl, fetch: tools.fetch }).then((engine) => {
    progress.engine(engine);
    return engine;
  });
  const [engine, parts] = await Promise.all([
    opened,
    downloaded(contractUrl, contract, options.keep ? { ...download, store: tools.store } : download, progress),
  ]);
  requireWanted(signal);
  try {
    const [network, warmupMs] = await warmedUp(parts, contract.model, tools, request, progress);
    return { contract, engine, network, warmupMs };
  } catch (thrown) {
    throw new Failure(entryOf(thrown, MODEL_FAILED));
  }
}
