/**
 * The webgl backend: one shader works out the bytes of an output where it lies, and four bytes a pixel are read back instead
 * of its numbers, without waiting for the GPU.
 */
import type { Tensor } from "@tensorflow/tfjs-core";
import type { GPGPUProgram, MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import { TextureUsage } from "@tensorflow/tfjs-backend-webgl/dist/tex_util";
import { bindColorTextureToFramebuffer } from "@tensorflow/tfjs-backend-webgl/dist/webgl_util";
import { PACK_BUFFER, withGuard } from "../image/guard";
import type { Picture } from "../image/picture";
import { Readbacks } from "../image/readback";
import type { Tones } from "./levels";
import type { SegmentationTask } from "./mask";
import { type Grid, gridOf } from "./pixels";

/** What becomes of each pixel's numbers. */
export type Rule = { readonly image: Tones } | { readonly segmentation: SegmentationTask };

/** A number as GLSL writes floats. */
const float = (value: number): string => value.toExponential(9);

/** Red, green and blue as levels. */
function image({ low, high, bgr }: Tones, { channels }: Grid): string {
  const order = channels < 3 ? "0, 0, 0" : bgr ? "2, 1, 0" : "0, 1, 2";
  return `
    ivec3 order = ivec3(${order});
    vec3 found = vec3(number(order.x), number(order.y), number(order.z));
    return floor(clamp((found - ${float(low)}) * ${float(255 / (high - low))}, 0.0, 255.0) + 0.5);`;
}

const ACTIVATED: Record<SegmentationTask["activation"], string> = {
  none: "number(channel)",
  sigmoid: "1.0 / (1.0 + exp(-number(channel)))",
  softmax: "share(channel)",
};

/** The score of one class as 16 bits: red is the high byte, green the low one. */
const score = ({ channel }: SegmentationTask): string => `
    float value = floor(clamp(score(${channel}), 0.0, 1.0) * 65535.0 + 0.5);
    float high = floor(value / 256.0);
    return vec3(high, value - 256.0 * high, 0.0);`;

/** The best class as red; 255 where its score does not reach the threshold. */
const label = ({ threshold }: SegmentationTask, { channels }: Grid): string => `
    int best = 0;
    float most = number(0);
    for (int i = 1; i < ${channels}; i++) {
      float value = number(i);
      if (value > most) { best = i; most = value; }
    }
    ${threshold > 0 ? `if (score(best) < ${float(threshold)}) return vec3(255.0, 0.0, 0.0);` : ""}
    return vec3(float(best), 0.0, 0.0);`;

/** `number(channel)` of the pixel that is drawn. What is no number is told by an alpha of 0. */
function helpers({ channels, planes }: Grid, packed: boolean): string {
  const [place, inner] = planes ? ["0, channel, at.x, at.y", "at"] : ["0, at.x, at.y, channel", "at.y, channel"];
  const value = packed ? `getChannel(getNumbers(${place}), vec2(${inner}))` : `getNumbers(${place})`;
  return `
    ivec2 at;
    bool sound = true;
    float number(int channel) {
      float value = ${value};
      if (!(abs(value) <= 3.4e38)) sound = false;
      return value;
    }
    float share(int channel) {
      float own = number(channel), sum = 0.0;
      for (int i = 0; i < ${channels}; i++) sum += exp(number(i) - own);
      return 1.0 / sum;
    }`;
}

function body(rule: Rule, grid: Grid): string {
  if ("image" in rule) return `vec3 levels() {${image(rule.image, grid)}\n}`;
  const { segmentation: task } = rule;
  return `float score(int channel) { return ${ACTIVATED[task.activation]}; }
    vec3 levels() {${task.result === "labels" ? label(task, grid) : score(task)}\n}`;
}

class LevelsProgram implements GPGPUProgram {
  readonly variableNames = ["numbers"];
  readonly packedOutput = false;
  readonly outTexUsage = TextureUsage.DOWNLOAD;
  readonly outputShape: number[];
  readonly userCode: string;

  constructor(rule: Rule, grid: Grid, readonly packedInputs: boolean) {
    this.outputShape = [grid.height, grid.width];
    this.userCode = `
      ${helpers(grid, packedInputs)}
      ${body(rule, grid)}
      void main() {
        at = getOutputCoords();
        vec3 found = levels();
        outputColor = vec4(found / 255.0, sound ? 1.0 : 0.0);
      }`;
  }
}

/** The way for one model; what it made for one shape lives until there is another. */
export class GpuLevels {
  private made: { readonly key: string; readonly program: LevelsProgram; readonly readbacks: Readbacks } | null = null;

  constructor(
    private readonly backend: MathBackendWebGL,
    private readonly rule: Rule,
    private readonly planes: boolean,
    private readonly defer?: (callback: () => void) => void,
  ) {}

  /** Height and width of what an output of this shape becomes. */
  sizeOf(shape: readonly number[]): [number, number] {
    const { height, width } = gridOf(shape, this.planes);
    return [height, width];
  }

  /** Whether an output of this shape can be one texture. */
  fits(shape: readonly number[], largest: number): boolean {
    return shape.length === 4 && shape[0] === 1 && Math.max(...shape.slice(1)) <= largest;
  }

  /**
   * For each pixel four bytes, row 0 on top: levels; or the score as two bytes; or the class; then 255, or 0 where a number was
   * none. `output` may be disposed of when this returns; the picture is the caller's to release.
   */
  read(output: Tensor): Picture {
    const { program, readbacks } = this.ready(output);
    const { framebuffer } = this.backend.gpgpu;
    const gl = this.backend.gpgpu.gl as WebGL2RenderingContext;
    const made = this.backend.compileAndRun(program, [output], "int32");
    return withGuard(gl, () => {
      bindColorTextureToFramebuffer(gl, this.backend.getTexture(made.dataId), framebuffer);
      const picture = readbacks.begin();
      this.backend.disposeData(made.dataId);
      return picture;
    }, PACK_BUFFER);
  }

  dispose(): void {
    this.made?.readbacks.dispose();
    this.made = null;
  }

  private ready({ shape, dataId }: Tensor): NonNullable<GpuLevels["made"]> {
    const packed = this.backend.texData.get(dataId).isPacked === true;
    const key = `${shape.join(" ")} ${packed}`;
    if (this.made?.key === key) return this.made;
    this.dispose();
    const grid = gridOf(shape, this.planes);
    const { gl } = this.backend.gpgpu;
    const readbacks = new Readbacks(gl as WebGL2RenderingContext, grid.width, grid.height, this.defer);
    return (this.made = { key, program: new LevelsProgram(this.rule, grid, packed), readbacks });
  }
}
