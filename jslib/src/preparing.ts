/** From a contract's URL to a model that has run once: downloads, checks, loading and warm-up. */
import type { Contract, FileRef, ModelSpec } from "./generated/contract";
import { MODEL_FAILED } from "./generated/errors";
import { checkedContract } from "./contract";
import type { Store } from "./device-store";
import type { Engine, Surroundings } from "./engine";
import { entryOf, Failure } from "./failure";
import { fetchBinary, fetchContract, fetchJson, type Download, type Fetch } from "./fetching";
import { SEED } from "./image/seeded";
import type { Lanes } from "./lanes";
import { isJson } from "./library";
import type { Tryout } from "./choosing";
import type { ModelParts, Network } from "./loading";
import type { EngineChoice, LoadOptions } from "./options";
import { Rehearsal, type RehearsalTools } from "./rehearsal";
import { fileUrl } from "./urls";

/** What the preparation needs from outside. */
export interface Tools extends RehearsalTools {
  readonly fetch: Fetch;
  /** Bounds the downloads of the whole page. */
  readonly lanes: Lanes;
  readonly store: Store;
  /** The engine for models of `format`. */
  openEngine(choice: EngineChoice, around: Surroundings, tryout: Tryout, format: ModelSpec["files"]["format"]): Promise<Engine>;
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
  const { format, topology, shards } = model.files;
  const fetchTopology = isJson(format) ? fetchJson : fetchBinary;
  const counted = { ...download, onBytes: counter([topology, ...shards], progress) };
  const [first, ...weights] = await Promise.all([
    fetchTopology(fileUrl(contractUrl, topology.path), topology, counted),
    ...shards.map((shard) => fetchBinary(fileUrl(contractUrl, shard.path), shard, counted)),
  ] as const);
  return { topology: first, shards: weights };
}

/** What golden.json says beside this very contract, or null: it is not everywhere, and what it says is checked. */
async function goldenScores({ contractUrl, contractHash, signal }: Request, { labels }: ModelSpec, { fetch }: Tools): Promise<Float32Array | null> {
  try {
    const response = await fetch(fileUrl(contractUrl, "golden.json"), { signal, cache: "no-cache", credentials: "same-origin" });
    const { golden, contract_sha256: made, seed, scores } = (await response.json()) as Record<string, unknown>;
    const fits = golden === 1 && made === contractHash.toLowerCase() && seed === SEED && Array.isArray(scores) && scores.length === labels.length;
    return fits && scores.every(Number.isFinite) ? Float32Array.from(scores) : null;
  } catch {
    return null;
  }
}

function rehearsal(request: Request, spec: ModelSpec, parts: Promise<ModelParts>, tools: Tools, progress: Progress): Rehearsal {
  const { contractHash: key, signal } = request;
  const golden = (): Promise<Float32Array | null> => goldenScores(request, spec, tools);
  return new Rehearsal({ key, spec, parts, signal, golden, loaded: () => progress.fraction(LOADED) }, tools);
}

/** Everything up to the first inference. Rejects with a Failure; after an abort nothing of it remains. */
export async function prepare(request: Request, tools: Tools, progress: Progress): Promise<Prepared> {
  const { contractUrl, contractHash, options, scriptUrl, signal } = request;
  const download: Download = { fetch: tools.fetch, lanes: tools.lanes, signal };
  const contract = checkedContract(contractUrl, await fetchContract(contractUrl, contractHash, download));
  progress.contract(contract);
  const parts = downloaded(contractUrl, contract, options.keep ? { ...download, store: tools.store } : download, progress);
  const rehearsed = rehearsal(request, contract.model, parts, tools, progress);
  const opened = tools.openEngine(options, { scriptUrl, fetch: tools.fetch }, rehearsed, contract.model.files.format).then((engine) => {
    progress.engine(engine);
    return engine;
  });
  try {
    const [engine] = await Promise.all([opened, parts]);
    const { network, warmupMs } = await rehearsed.perform(engine.backend);
    return { contract, engine, network, warmupMs };
  } catch (thrown) {
    rehearsed.dispose();
    throw new Failure(entryOf(thrown, MODEL_FAILED));
  }
}
