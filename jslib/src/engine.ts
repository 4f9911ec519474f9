/** TensorFlow.js with the backend that was asked for: one per page, or a Failure. Never another backend in silence. */
import { enableProdMode, engine as tfEngine, findBackendFactory, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { NO_BACKEND } from "./generated/errors";
import { Failure } from "./failure";
import type { Fetch } from "./fetching";
import type { BackendName, EngineChoice } from "./options";
import { parts, type Parts } from "./parts";
import { wasmPart } from "./wasm-script";

/** A running backend. */
export interface Engine {
  readonly backend: BackendName;
  /** What draws for webgl, "" for wasm. */
  readonly renderer: string;
  /** Live tensors of the whole page and their bytes. */
  memory(): { tensors: number; bytes: number };
  /** Calls back once if the backend loses its GPU context, at once if it has; the returned function ends that. */
  onLost(callback: () => void): () => void;
}

/** Where the wasm file lies, and how to fetch it. */
export interface Surroundings {
  readonly scriptUrl: string;
  readonly fetch: Fetch;
}

class RunningEngine implements Engine {
  private readonly listeners = new Set<() => void>();
  private isLost = false;

  constructor(
    readonly backend: BackendName,
    readonly renderer: string,
  ) {}

  memory(): { tensors: number; bytes: number } {
    // TensorFlow.js's own `memory()` asks the backend too, which is gone after a lost context.
    const { numTensors, numBytes } = tfEngine().state;
    return { tensors: numTensors, bytes: numBytes };
  }

  onLost(callback: () => void): () => void {
    if (this.isLost) callback();
    else this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  lose(): void {
    this.isLost = true;
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const callback of listeners) callback();
  }
}

let running: Promise<RunningEngine> | null = null;
let rendererName = "";

/** What draws for the page's webgl backend; "" where there is none. */
export const currentRenderer = (): string => rendererName;

/** Lets a backend go, so that a later model can begin anew; its kernels' own resources go with it. */
function forget(backend: BackendName): void {
  running = null;
  rendererName = "";
  if (findBackendFactory(backend)) removeBackend(backend);
}

async function activate(backend: BackendName): Promise<void> {
  if (await setBackend(backend)) return;
  forget(backend);
  throw new Failure(NO_BACKEND({ backend, reason: "TensorFlow.js could not start it on this device" }));
}

type Webgl = NonNullable<Parts["webgl"]>;

async function startWebgl(gl: WebGL2RenderingContext, { registerWebgl, rendererOf }: Webgl): Promise<RunningEngine> {
  const started = new RunningEngine("webgl", rendererOf(gl));
  const lost = (): void => {
    forget("webgl");
    started.lose();
  };
  gl.canvas.addEventListener("webglcontextlost", lost, { once: true });
  registerWebgl(gl);
  await activate("webgl");
  rendererName = started.renderer;
  return started;
}

async function startWasm(around: Surroundings): Promise<RunningEngine> {
  const { registerWasm } = await wasmPart(around);
  await registerWasm(around);
  await activate("wasm");
  return new RunningEngine("wasm", "");
}

async function start({ backend, softwareWebgl }: EngineChoice, around: Surroundings): Promise<RunningEngine> {
  enableProdMode();
  const { webgl } = parts;
  if (backend === "wasm" || (!webgl && backend === "auto")) return startWasm(around);
  if (!webgl) throw new Failure(NO_BACKEND({ backend, reason: "this game's runtime was generated without it" }));
  const { gl, reason } = webgl.computingContext(softwareWebgl);
  if (gl) return startWebgl(gl, webgl);
  if (backend === "webgl") throw new Failure(NO_BACKEND({ backend, reason }));
  return startWasm(around);
}

/** TensorFlow.js has one backend at a time: a model that insists on another than the page's first one is refused. */
function requireSame(engine: Engine, { backend }: EngineChoice): void {
  if (backend === "auto" || backend === engine.backend) return;
  throw new Failure(NO_BACKEND({ backend, reason: `another model of this page already runs on ${engine.backend}` }));
}

/** The page's engine; the first call decides which backend that is. A failed start leaves the choice open again. */
export async function openEngine(choice: EngineChoice, around: Surroundings): Promise<Engine> {
  if (running === null) {
    const starting = start(choice, around);
    running = starting;
    starting.catch(() => {
      if (running === starting) running = null;
    });
  }
  const engine = await running;
  requireSame(engine, choice);
  return engine;
}
