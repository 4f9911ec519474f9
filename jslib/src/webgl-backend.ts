/** TensorFlow.js's webgl backend on a context of its own, never on the game's. */
import { env, findBackendFactory, registerBackend, removeBackend } from "@tensorflow/tfjs-core";
import { GPGPUContext, MathBackendWebGL, setWebGLContext } from "@tensorflow/tfjs-backend-webgl/dist/base";

const ATTRIBUTES: WebGLContextAttributes = {
  alpha: false,
  antialias: false,
  premultipliedAlpha: false,
  preserveDrawingBuffer: false,
  depth: false,
  stencil: false,
};

/** Names of renderers that draw on the CPU; browsers do not always own up to a "major performance caveat". */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

export interface Computing {
  /** A context to compute on, or null where `reason` says why there is none. */
  readonly gl: WebGL2RenderingContext | null;
  readonly reason: string;
}

/** A WebGL 2 context for computing; without `software` only one that a GPU draws. */
export function computingContext(software: boolean): Computing {
  env().set("SOFTWARE_WEBGL_ENABLED", software);
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2", { ...ATTRIBUTES, failIfMajorPerformanceCaveat: !software });
  if (!gl) return { gl, reason: `this browser gives no ${software ? "WebGL 2" : "hardware WebGL 2"} context` };
  const renderer = rendererOf(gl);
  if (software || !SOFTWARE.test(renderer)) return { gl, reason: "" };
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return { gl: null, reason: `this browser draws WebGL without a GPU (${renderer})` };
}

/** A lost context never signals a fence, and TensorFlow.js would ask for it for ever: there it counts as signalled. */
function endWaitingWhenLost(gl: WebGL2RenderingContext): void {
  const wait = gl.clientWaitSync.bind(gl);
  gl.clientWaitSync = (...fence) => (gl.isContextLost() ? gl.CONDITION_SATISFIED : wait(...fence));
}

/** Tells TensorFlow.js to compute on `gl`; a later call with another context replaces it. */
export function registerWebgl(gl: WebGL2RenderingContext): void {
  endWaitingWhenLost(gl);
  setWebGLContext(2, gl);
  if (findBackendFactory("webgl")) removeBackend("webgl");
  // With a context of its own the backend also has a program cache of its own, which a lost context does not outlive.
  registerBackend("webgl", () => new MathBackendWebGL(new GPGPUContext(gl)), 2);
}

/** The unmasked name of what draws, for example "ANGLE (Intel, …)". */
export function rendererOf(gl: WebGL2RenderingContext): string {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}
