/** Stand-ins for the page around a model: a contract, a host without a GPU, downloads from memory, a network by hand. */
import { createHash } from "node:crypto";
import type { Host } from "../src/api";
import type { Contract, FileRef } from "../src/generated/contract";
import type { Store } from "../src/device-store";
import type { Engine } from "../src/engine";
import type { Bytes, Fetch } from "../src/fetching";
import { Lanes } from "../src/lanes";
import { State, SubmitCode } from "../src/generated/abi";
import { Model, type Creation, type Environment } from "../src/model";
import type { BlitterLike, CameraLike } from "../src/pictures";
import "../src/parts/tasks/all";
import type { Output } from "../src/tasks";

export const PAGE = "https://game.example/play/index.html";
export const CONTRACT_URL = "https://game.example/play/StreamingAssets/tfjs-bridge/tiny/contract.json";
const FOLDER = new URL("./", CONTRACT_URL).href;

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, "utf8"));
export const fileRef = (path: string, bytes: Uint8Array): FileRef => ({ path, bytes: bytes.length, sha256: sha256(bytes) });

export const TOPOLOGY = utf8('{"format":"layers-model"}');
export const SHARD = utf8("weights!");

/** A contract for a 2x2 RGB model of three classes, of which the two best are wanted. */
export function tinyContract(): Contract {
  const file = fileRef("script.js", utf8("x"));
  return {
    contract: 1,
    abi: 1,
    generator: "0.1.0",
    runtime: { script: { ...file, path: "../runtime/script.js" }, wasm: [] },
    model: {
      name: "Tiny",
      slug: "tiny",
      files: { format: "layers-model", topology: fileRef("model.json", TOPOLOGY), shards: [fileRef("group 1.bin", SHARD)] },
      input: { name: "input", shape: [-1, 2, 2, 3], dtype: "float32" },
      preprocess: {
        width: 2,
        height: 2,
        color: "rgb",
        channel_order: "rgb",
        layout: "NHWC",
        fit: "stretch",
        filter: "nearest",
        pad: [0, 0, 0],
        scale: 1,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      },
      extra_inputs: [],
      outputs: [{ name: "output", shape: [-1, 3], dtype: "float32" }],
      task: { kind: "classification", activation: "none", skip_first: 0, top_k: 2 },
      labels: ["cat", "dog", "fox"],
    },
  };
}

/** A host that answers every URL of `files`, and 404 for any other. `asked` lists what was fetched. */
export function hostOf(files: Record<string, Uint8Array<ArrayBuffer>>): { fetch: Fetch; asked: string[] } {
  const asked: string[] = [];
  const fetch: Fetch = (url) => {
    asked.push(url);
    const found = files[url];
    return Promise.resolve(found ? new Response(found) : new Response("gone", { status: 404 }));
  };
  return { fetch, asked };
}

/** Keeps files as long as the test runs. */
export class MemoryStore implements Store {
  readonly files = new Map<string, Bytes>();

  read(sha256: string): Promise<Bytes | null> {
    return Promise.resolve(this.files.get(sha256) ?? null);
  }

  write(sha256: string, bytes: Bytes): Promise<void> {
    this.files.set(sha256, bytes);
    return Promise.resolve();
  }

  remove(sha256: string): Promise<void> {
    this.files.delete(sha256);
    return Promise.resolve();
  }
}

/** A promise that the test settles. */
export class Gate<T> {
  resolve!: (value: T) => void;
  reject!: (reason: unknown) => void;
  readonly promise = new Promise<T>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

/** Lets everything that is ready to run do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const DEADLINE_MS = 10_000;

/** Waits for something that the model does by itself. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + DEADLINE_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it never came to: ${what}`);
    await settle();
  }
}

/** A model on a made-up page: the test decides when the network is loaded and what each inference gives. */
export class Stage {
  readonly heap = { bytes: new Uint8Array(4096) };
  /** The game's own context. */
  gl: WebGL2RenderingContext | null = null;
  texture: WebGLTexture | null = null;
  blitter: BlitterLike | null = null;
  readonly loading = new Gate<void>();
  /** `input`: the picture's colours, without alpha. */
  readonly inferences: { input: Uint8Array; gate: Gate<Float32Array> }[] = [];
  readonly forgotten: Model[] = [];
  readonly store = new MemoryStore();
  readonly fetched: string[];
  private readonly published: Record<string, Uint8Array<ArrayBuffer>>;
  readonly cameras = { opened: 0, disposed: 0 };
  networksDisposed = 0;
  networksAsked = 0;
  clock = 0;
  private readonly lost = new Set<() => void>();
  readonly environment: Environment;
  readonly contractBytes: Uint8Array<ArrayBuffer>;
  readonly creation: Creation;

  constructor(change: Partial<Creation> = {}, files: Record<string, Uint8Array<ArrayBuffer>> = {}, private readonly contract = tinyContract()) {
    this.contractBytes = utf8(JSON.stringify(contract));
    this.published = {
      [CONTRACT_URL]: this.contractBytes,
      [`${FOLDER}model.json`]: TOPOLOGY,
      [`${FOLDER}group%201.bin`]: SHARD,
      ...files,
    };
    const host = hostOf(this.published);
    this.fetched = host.asked;
    this.environment = this.environmentOf(host.fetch);
    this.creation = {
      handle: 7,
      contractUrl: "StreamingAssets/tfjs-bridge/tiny/contract.json",
      contractHash: sha256(this.contractBytes),
      optionsJson: "",
      host: this.hostObject(),
      scriptUrl: "",
      ...change,
    };
  }

  create(): Model {
    return new Model(this.creation, this.environment);
  }

  /** A model that is ready: its warm-up gave `[0.1, 0.2, 0.7]`. */
  async ready(): Promise<Model> {
    const model = this.create();
    await this.warmedUp(model);
    return model;
  }

  /** Everything is downloaded, and the network is being loaded. */
  downloaded(): Promise<void> {
    return until("loading the network", () => this.networksAsked > 0);
  }

  /** The network is loaded, and its first inference runs. */
  async loaded(): Promise<void> {
    await this.downloaded();
    this.loading.resolve();
    await until("the warm-up", () => this.inferences.length > 0);
  }

  async warmedUp(model: Model): Promise<void> {
    await this.loaded();
    const { outputs } = this.contract.model;
    const many = outputs[0]?.shape.slice(1).reduce((all, size) => all * size, 1) ?? 0;
    this.answer(0, many === 3 ? [0.1, 0.2, 0.7] : Array.from({ length: many }, () => 0));
    await until("ready", () => model.state() === State.READY);
  }

  answer(inference: number, scores: number[]): void {
    this.inferences[inference]?.gate.resolve(Float32Array.from(scores));
  }

  /** As the engine does it: whoever listened has to ask anew. */
  loseContext(): void {
    const callbacks = [...this.lost];
    this.lost.clear();
    for (const callback of callbacks) callback();
  }

  /** From now on the host has none of the files. */
  unpublish(): void {
    for (const url of Object.keys(this.published)) delete this.published[url];
  }

  get listeners(): number {
    return this.lost.size;
  }

  private hostObject(): Host {
    return { heap: () => this.heap.bytes, gl: () => this.gl, texture: () => this.texture, cameras: () => [] };
  }

  private engine(): Engine {
    return {
      backend: "wasm",
      library: "tensorflow.js",
      renderer: "",
      trials: [],
      memory: () => ({ tensors: 3, bytes: 12 }),
      onLost: (callback) => {
        this.lost.add(callback);
        return () => this.lost.delete(callback);
      },
    };
  }

  private environmentOf(fetch: Fetch): Environment {
    return {
      fetch,
      lanes: new Lanes(6),
      store: this.store,
      now: () => (this.clock += 1),
      defer: (callback) => void setImmediate(callback),
      openEngine: () => Promise.resolve(this.engine()),
      loadNetwork: async () => {
        this.networksAsked += 1;
        await this.loading.promise;
        const shape = [1, ...(this.contract.model.outputs[0]?.shape.slice(1) ?? [])];
        const outputs = async (input: Uint8Array): Promise<Output[]> => [{ shape, values: await this.infer(input) }];
        const stages = { feedMs: 1, outputMs: 2 };
        return { outputs, warmUp: outputs, resting: 3, stages, dispose: () => (this.networksDisposed += 1) };
      },
      pictures: { blitter: () => this.blitter ?? assertUnused("blitter"), camera: () => this.camera() },
      config: undefined,
      pageUrl: PAGE,
      forget: (model) => this.forgotten.push(model),
    };
  }

  /** One that never has a frame. */
  private camera(): CameraLike {
    this.cameras.opened += 1;
    const none = (): number => 0;
    const bridge = { open: none, state: none, errorCode: none, message: none, width: none, height: none, texture: none };
    const page = { phase: "asking", error: null, size: { width: 0, height: 0 } } as const;
    const dispose = (): void => void (this.cameras.disposed += 1);
    const picture = () => ({ code: SubmitCode.NOT_READY });
    return { ...bridge, ...page, picture, shapeOfGames: () => null, close: () => undefined, dispose };
  }

  private infer(rgba: Uint8Array): Promise<Float32Array> {
    const gate = new Gate<Float32Array>();
    this.inferences.push({ input: rgba.filter((_, index) => index % 4 < 3), gate });
    return gate.promise;
  }
}

function assertUnused(what: string): never {
  throw new Error(`${what} is not part of this test`);
}
