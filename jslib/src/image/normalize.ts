/** From 8-bit pixels to the model's input tensor. */
import type { Preprocess } from "../generated/contract";

/** RGBA pixels → float32 [height, width, channels]. `into` may be handed over to be filled again. */
export type Normalizer = (rgba: Uint8Array, into?: Float32Array) => Float32Array;

/** The normalized value of each of the 256 levels, computed in double precision. */
function table(pre: Preprocess, channel: number): Float32Array {
  const mean = pre.mean[channel]!;
  const std = pre.std[channel]!;
  return Float32Array.from({ length: 256 }, (_, level) => (level * pre.scale - mean) / std);
}

/** ITU-R BT.601 luma in 16-bit fixed point, rounded: Pillow's `convert("L")`. */
const luma = (red: number, green: number, blue: number): number =>
  (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;

function grayNormalizer(pre: Preprocess): Normalizer {
  const levels = table(pre, 0);
  const length = pre.width * pre.height;
  return (rgba, into = new Float32Array(length)) => {
    for (let i = 0, at = 0; i < length; i++, at += 4) into[i] = levels[luma(rgba[at]!, rgba[at + 1]!, rgba[at + 2]!)]!;
    return into;
  };
}

function rgbNormalizer(pre: Preprocess): Normalizer {
  const [red, green, blue] = [table(pre, 0), table(pre, 1), table(pre, 2)];
  const length = pre.width * pre.height * 3;
  return (rgba, into = new Float32Array(length)) => {
    for (let i = 0, at = 0; i < length; i += 3, at += 4) {
      into[i] = red[rgba[at]!]!;
      into[i + 1] = green[rgba[at + 1]!]!;
      into[i + 2] = blue[rgba[at + 2]!]!;
    }
    return into;
  };
}

/** A function from `pre.width * pre.height` RGBA pixels to the model's input: `(value * scale - mean) / std`. */
export const normalizer = (pre: Preprocess): Normalizer =>
  pre.color === "gray" ? grayNormalizer(pre) : rgbNormalizer(pre);
