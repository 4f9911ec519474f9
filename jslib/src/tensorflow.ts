/** TensorFlow.js's backends as engines of this page. */
import { enableProdMode, engine, findBackendFactory, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import { NO_BACKEND } from "./generated/errors";
import type { Started, Starter } from "./engine";
import { Failure } from "./failure";
import type { BackendName } from "./options";
import { parts } from "./parts";
import { wasmPart } from "./wasm-script";

/** Lets a backend go, so that it can begin anew; its kernels' own resources go with it. */
function remove(backend: BackendName): void {
  if (findBackendFactory(backend)) removeBackend(backend);
}

async function activate(backend: BackendName): Promise<void> {
  if (await setBackend(backend)) return;
  remove(backend);
  throw new Failure(NO_BACKEND({ backend, reason: "TensorFlow.js could not start it on this device" }));
}

function memory(): { tensors: number; bytes: number } {
  // TensorFlow.js's own `memory()` asks the backend too, which is gone after a lost context.
  const { numTensors, numBytes } = engine().state;
  return { tensors: numTensors, bytes: numBytes };
}

async function started(backend: BackendName, renderer: string, stop: () => void): Promise<Started> {
  await activate(backend);
  return { renderer, memory, use: () => activate(backend), stop };
}

const startWebgl: Starter = ({ softwareWebgl }, _, lost) => {
  enableProdMode();
  const { webgl } = parts;
  if (!webgl) throw new Failure(NO_BACKEND({ backend: "webgl", reason: "this game's runtime was generated without it" }));
  const { gl, reason } = webgl.computingContext(softwareWebgl);
  if (!gl) throw new Failure(NO_BACKEND({ backend: "webgl", reason }));
  const gone = (): void => {
    remove("webgl");
    lost();
  };
  gl.canvas.addEventListener("webglcontextlost", gone, { once: true });
  webgl.registerWebgl(gl);
  return started("webgl", webgl.rendererOf(gl), () => {
    gl.canvas.removeEventListener("webglcontextlost", gone);
    if (!gl.isContextLost()) remove("webgl");
    gl.getExtension("WEBGL_lose_context")?.loseContext();
  });
};

const startWasm: Starter = async (_, around) => {
  enableProdMode();
  const { registerWasm } = await wasmPart(around);
  await registerWasm(around);
  return started("wasm", "", () => remove("wasm"));
};

/** By name. */
export const STARTERS: Readonly<Record<BackendName, Starter>> = {
  webgl: async (...given) => startWebgl(...given),
  wasm: startWasm,
};
