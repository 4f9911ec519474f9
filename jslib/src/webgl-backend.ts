/** TensorFlow.js's webgl backend on a context of its own, never on the game's. */
import { backend as active, env, findBackendFactory, registerBackend, removeBackend } from "@tensorflow/tfjs-core";
import { GPGPUContext, MathBackendWebGL, setWebGLContext } from "@tensorflow/tfjs-backend-webgl/dist/base";
import { getUniformLocations, type GPGPUBinary } from "@tensorflow/tfjs-backend-webgl/dist/gpgpu_math";

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

type Binary = Omit<GPGPUBinary, "variablesLocations"> & { variablesLocations: GPGPUBinary["variablesLocations"] | null };

/** What TensorFlow.js keeps to itself: its compiled programs by key, and the one place where it asks for them. */
interface Programs {
  readonly binaryCache: Readonly<Record<string, Binary>>;
  getAndSaveBinary(key: string, make: () => Binary): Binary;
}

const compilesOnly = (): boolean => env().getBool("ENGINE_COMPILE_ONLY");

/** Waits for a program that was compiled ahead, and looks up what it needs to run. */
function finish({ gpgpu }: MathBackendWebGL, binary: Binary): void {
  const { gl } = gpgpu;
  if (gl.getProgramParameter(binary.webGLProgram, gl.LINK_STATUS) === false && !gl.isContextLost()) {
    const log = gl.getShaderInfoLog(binary.fragmentShader) || gl.getProgramInfoLog(binary.webGLProgram);
    throw new Error(`a shader does not compile: ${log}`);
  }
  gpgpu.buildVao(binary.webGLProgram);
  Object.assign(binary, getUniformLocations(gpgpu, binary.program, binary.webGLProgram));
}

/** Whoever first runs a program that was compiled ahead finishes it: no other model meets a half-made one. */
function finishing(backend: MathBackendWebGL): MathBackendWebGL {
  const programs = backend as unknown as Programs;
  const find = programs.getAndSaveBinary.bind(backend);
  programs.getAndSaveBinary = (key, make) => {
    const binary = find(key, make);
    if (binary.variablesLocations === null && !compilesOnly()) finish(backend, binary);
    return binary;
  };
  return backend;
}

/** Runs kernels of the webgl backend in use that hand their shaders to the driver, and neither draw nor upload. */
export function compileOnly<T>(work: () => T): T {
  const { gpgpu } = active() as MathBackendWebGL;
  const upload = gpgpu.uploadDenseMatrixToTexture;
  env().set("ENGINE_COMPILE_ONLY", true);
  gpgpu.uploadDenseMatrixToTexture = () => undefined;
  try {
    return work();
  } finally {
    gpgpu.uploadDenseMatrixToTexture = upload;
    env().set("ENGINE_COMPILE_ONLY", false);
  }
}

/** Whether the driver has done what it was given, so that nobody waits for it any more; true where it does not tell. */
export function compiled(): boolean {
  const backend = active() as MathBackendWebGL;
  const { gl, parallelCompilationExtension: asked } = backend.gpgpu;
  const waiting = Object.values((backend as unknown as Programs).binaryCache).filter((one) => one.variablesLocations === null);
  return !asked || waiting.every(({ webGLProgram }) => gl.getProgramParameter(webGLProgram, asked.COMPLETION_STATUS_KHR));
}

/** Tells TensorFlow.js to compute on `gl`; a later call with another context replaces it. */
export function registerWebgl(gl: WebGL2RenderingContext): void {
  endWaitingWhenLost(gl);
  setWebGLContext(2, gl);
  if (findBackendFactory("webgl")) removeBackend("webgl");
  // With a context of its own the backend also has a program cache of its own, which a lost context does not outlive.
  registerBackend("webgl", () => finishing(new MathBackendWebGL(new GPGPUContext(gl))), 2);
}

/** The unmasked name of what draws, for example "ANGLE (Intel, …)". */
export function rendererOf(gl: WebGL2RenderingContext): string {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}
