/** How a task's first output leaves the webgl backend: as bytes that a shader works out, where a task is made of pixels. */
import { backend, env, getBackend, type Tensor } from "@tensorflow/tfjs-core";
import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import type { ModelSpec } from "../generated/contract";
import type { Output } from "../tasks/task";
import { GpuLevels, type Rule } from "./gpu";

/** The bytes of an output, or null where its numbers are to be copied. */
export interface LevelsSource {
  levels(output: Tensor): Promise<Output> | null;
  dispose(): void;
}

function ruleOf({ task }: ModelSpec): Rule | null {
  if (task.kind === "segmentation") return { segmentation: task };
  if (task.kind !== "image") return null;
  return { image: { low: task.low, high: task.high, bgr: task.channel_order === "bgr" } };
}

class GpuSource implements LevelsSource {
  private readonly largest = env().getNumber("WEBGL_MAX_TEXTURE_SIZE");

  constructor(private readonly gpu: GpuLevels) {}

  levels(output: Tensor): Promise<Output> | null {
    return output.dtype === "float32" && this.gpu.fits(output.shape, this.largest) ? this.read(output) : null;
  }

  dispose(): void {
    this.gpu.dispose();
  }

  private async read(output: Tensor): Promise<Output> {
    const picture = this.gpu.read(output);
    picture.want?.();
    const values = await picture.pixels;
    const [height, width] = this.gpu.sizeOf(output.shape);
    return { shape: [1, height, width, 4], values, levels: () => picture.release() };
  }
}

/** For the backend of this moment; null where outputs leave it as they are. */
export function openLevels(spec: ModelSpec): LevelsSource | null {
  const rule = ruleOf(spec);
  if (!rule || getBackend() !== "webgl") return null;
  const planes = "layout" in spec.task && spec.task.layout === "NCHW";
  return new GpuSource(new GpuLevels(backend() as MathBackendWebGL, rule, planes));
}
