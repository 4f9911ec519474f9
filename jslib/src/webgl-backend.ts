/** TensorFlow.js's webgl backend on a context of its own, never on the game's. */
import { env, findBackendFactory, registerBackend, removeBackend } from "@tensorflow/tfjs-core";
import { GPGPUContext, MathBackendWebGL, setWebGLContext } from "@tensorflow/tfjs-backend-webgl";

const ATTRIBUTES: WebGLContextAttributes = {
  alpha: false,
  antialias: false,
  premultipliedAlpha: false,
  preserveDrawingBuffer: false,
  depth: false,
  stencil: false,
};

/** A WebGL 2 context for computing, or null; without `software` only one that a GPU draws. */
export function hardwareOrSoftwareContext(software: boolean): WebGL2RenderingContext | null {
  env().set("SOFTWARE_WEBGL_ENABLED", software);
  const canvas = document.createElement("canvas");
  return canvas.getContext("webgl2", { ...ATTRIBUTES, failIfMajorPerformanceCaveat: !software });
}

/** Tells TensorFlow.js to compute on `gl`; a later call with another context replaces it. */
export function registerWebgl(gl: WebGL2RenderingContext): void {
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
