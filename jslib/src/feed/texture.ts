/** The webgl backend: the bytes go up as they are, and one shader makes the input tensor of them. */
import { engine, env, type TensorInfo } from "@tensorflow/tfjs-core";
import type { GPGPUProgram, MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import { TextureUsage } from "@tensorflow/tfjs-backend-webgl/dist/tex_util";
import { tensorShape } from "../contract";
import type { ModelSpec, Preprocess } from "../generated/contract";
import type { Feed } from "./index";

/** Texels of the output hold two rows and two columns of the last two axes; what lies beyond an edge is 0. */
const MAIN = {
  NHWC: `
    ivec4 place = getOutputCoords();
    setOutput(vec4(value(place.z, place.y, place.w), value(place.z, place.y, place.w + 1),
                   value(place.z + 1, place.y, place.w), value(place.z + 1, place.y, place.w + 1)));`,
  NCHW: `
    ivec4 place = getOutputCoords();
    setOutput(vec4(value(place.w, place.z, place.y), value(place.w + 1, place.z, place.y),
                   value(place.w, place.z + 1, place.y), value(place.w + 1, place.z + 1, place.y)));`,
};

/** `luma` of normalize.ts: whole numbers below 2^24, which floats hold exactly. */
const GRAY = "vec3(floor((19595.0 * level.r + 38470.0 * level.g + 7471.0 * level.b + 32768.0) / 65536.0))";

/** A number as GLSL writes floats. */
const float = (value: number): string => value.toExponential(9);
const vec3 = (values: number[]): string => `vec3(${[0, 1, 2].map((i) => float(values[i] ?? values[0]!)).join(", ")})`;

/** (value * scale - mean) / std as one multiplication and one addition for each channel. */
function affine({ scale, mean, std }: Preprocess): [factor: string, term: string] {
  return [vec3(std.map((deviation) => scale / deviation)), vec3(std.map((deviation, i) => -mean[i]! / deviation))];
}

function ordered(pre: Preprocess): string {
  if (pre.color === "gray") return GRAY;
  return pre.channel_order === "bgr" ? "level.bgr" : "level";
}

class InputProgram implements GPGPUProgram {
  readonly variableNames = ["pixels"];
  readonly packedOutput = true;
  readonly outputShape: number[];
  readonly userCode: string;

  constructor({ preprocess: pre, input: { dtype } }: ModelSpec) {
    const [factor, term] = affine(pre);
    this.outputShape = [1, ...tensorShape(pre)];
    this.userCode = `
      float value(int x, int y, int channel) {
        if (x >= ${pre.width} || y >= ${pre.height} || channel >= ${pre.color === "gray" ? 1 : 3}) return 0.0;
        vec3 level = floor(255.0 * texelFetch(pixels, ivec2(x, y), 0).rgb + 0.5);
        vec3 values = ${ordered(pre)} * ${factor} + ${term};
        return ${dtype === "int32" ? "trunc(values[channel])" : "values[channel]"};
      }
      void main() {${MAIN[pre.layout]}
      }`;
  }
}

/** Can the fitted picture be one texture of TensorFlow.js's context? */
export const pictureFits = ({ width, height }: Preprocess): boolean =>
  Math.max(width, height) <= env().getNumber("WEBGL_MAX_TEXTURE_SIZE");

export function textureFeed(spec: ModelSpec, backend: MathBackendWebGL): Feed {
  const { width, height } = spec.preprocess;
  const program = new InputProgram(spec);
  const uploaded = (data: Uint8Array): TensorInfo => {
    const pixels = backend.makeTensorInfo([height, width], "int32");
    Object.assign(backend.texData.get(pixels.dataId), { usage: TextureUsage.PIXELS, texShape: [height, width] });
    backend.gpgpu.uploadPixelDataToTexture(backend.getTexture(pixels.dataId), { width, height, data });
    return pixels;
  };
  return (rgba) => {
    const pixels = uploaded(rgba);
    const made = backend.compileAndRun(program, [pixels], spec.input.dtype);
    backend.disposeData(pixels.dataId);
    return engine().makeTensorFromTensorInfo(made, backend);
  };
}
