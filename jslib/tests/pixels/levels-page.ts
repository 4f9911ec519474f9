/** The page in which tests/e2e/test_levels.py lets TensorFlow.js's webgl backend work out bytes: `globalThis.levelsPage`. */
import { backend, engine, setBackend, tensor, type Tensor } from "@tensorflow/tfjs-core";
import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import { UnaryOpPackedProgram } from "@tensorflow/tfjs-backend-webgl/dist/unaryop_packed_gpu";
import { UnaryOpProgram, CLONE } from "@tensorflow/tfjs-backend-webgl/dist/unaryop_gpu";
import { GpuLevels, type Rule } from "../../src/pixels/gpu";
import { computingContext, registerWebgl } from "../../src/webgl-backend";

async function open(): Promise<void> {
  registerWebgl(computingContext(true).gl!);
  await setBackend("webgl");
}

const floats = (base64: string): Float32Array => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
};

function encode(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** Numbers on the GPU, as a kernel leaves them: one a texel, or packed by four. */
function placed(shape: number[], values: Float32Array, packed: boolean): Tensor {
  const gpu = backend() as MathBackendWebGL;
  const raw = tensor(values, shape);
  const program = packed ? new UnaryOpPackedProgram(shape, CLONE) : new UnaryOpProgram(shape, CLONE);
  const made = engine().makeTensorFromTensorInfo(gpu.runWebGLProgram(program, [raw], "float32", undefined, true), gpu);
  raw.dispose();
  return made;
}

/** The bytes of each set of numbers, one after the other, and what is left of tensors. */
async function read(rule: Rule, planes: boolean, shape: number[], sets: string[], packed: boolean): Promise<{ bytes: string[]; left: number; packed: boolean[] }> {
  const gpu = backend() as MathBackendWebGL;
  const before = engine().state.numTensors;
  const levels = new GpuLevels(gpu, rule, planes);
  const [bytes, as]: [string[], boolean[]] = [[], []];
  for (const set of sets) {
    const output = placed(shape, floats(set), packed);
    as.push(gpu.texData.get(output.dataId).isPacked === true);
    const picture = levels.read(output);
    output.dispose();
    bytes.push(encode(await picture.pixels));
    picture.release();
  }
  levels.dispose();
  return { bytes, left: engine().state.numTensors - before, packed: as };
}

Object.assign(globalThis, { levelsPage: { open, read } });
