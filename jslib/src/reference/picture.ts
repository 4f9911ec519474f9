/** Plain TensorFlow.js on a canvas, as its own examples do it: fromPixels, resizeBilinear, arithmetic, predict. */
import { browser, cast, div, expandDims, image, mul, reverse, sub, sum, tensor1d, tidy, transpose, type Tensor, type Tensor3D } from "@tensorflow/tfjs-core";
import type { Preprocess } from "../generated/contract";
import type { Network } from "./network";

const BT601 = [0.299, 0.587, 0.114];

export interface Seeing {
  readonly preprocess: Preprocess;
  readonly dtype: string;
  /** The output with the scores: any node of a graph, or an output of a layers model, whose only one may be called otherwise. */
  readonly output: string;
  readonly format: string;
}

function colored(sized: Tensor3D, { color, channel_order }: Preprocess): Tensor {
  if (color === "gray") return sum(mul(sized, tensor1d(BT601)), -1, true);
  return channel_order === "bgr" ? reverse(sized, -1) : sized;
}

/** The picture stretched to the model's size, as the input tensor. */
function inputOf(canvas: HTMLCanvasElement, { preprocess, dtype }: Seeing): Tensor {
  const { width, height, scale, mean, std, layout } = preprocess;
  return tidy(() => {
    const levels = colored(image.resizeBilinear(browser.fromPixels(canvas), [height, width]), preprocess);
    const values = div(sub(mul(levels, scale), tensor1d([...mean])), tensor1d([...std]));
    const batch = expandDims(values, 0);
    return cast(layout === "NCHW" ? transpose(batch, [0, 3, 1, 2]) : batch, dtype === "int32" ? "int32" : "float32");
  });
}

function wantedOf({ outputs }: Network, { output, format }: Seeing): string {
  if (format === "graph-model" || outputs.some(({ name }) => name === output)) return output;
  return outputs[0]?.name ?? output;
}

/** The values of the output for what the canvas shows. */
export async function see(network: Network, canvas: HTMLCanvasElement, seeing: Seeing): Promise<Float32Array> {
  const input = inputOf(canvas, seeing);
  const [made] = (await network.run([input], [wantedOf(network, seeing)])) as [Tensor];
  try {
    return (await made.data()) as Float32Array;
  } finally {
    input.dispose();
    made.dispose();
  }
}
