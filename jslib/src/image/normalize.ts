/** From 8-bit pixels to the model's input tensor. */
import type { Preprocess } from "../generated/contract";

/** Where the values of the input tensor go; as int32 they lose their fractions. */
export type Values = Float32Array | Int32Array;

/** Fills `into` with the values of RGBA pixels in the input tensor's order of axes, and returns it. */
export type Normalizer = (rgba: Uint8Array, into: Values) => Values;

/** The normalized value of each of the 256 levels, computed in double precision. */
function table(pre: Preprocess, channel: number): Float32Array {
  const mean = pre.mean[channel]!;
  const std = pre.std[channel]!;
  return Float32Array.from({ length: 256 }, (_, level) => (level * pre.scale - mean) / std);
}

/** ITU-R BT.601 luma in 16-bit fixed point, rounded: Pillow's `convert("L")`. */
export const luma = (red: number, green: number, blue: number): number =>
  (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;

function grayNormalizer(pre: Preprocess): Normalizer {
  const levels = table(pre, 0);
  const length = pre.width * pre.height;
  return (rgba, into) => {
    for (let i = 0, at = 0; i < length; i++, at += 4) into[i] = levels[luma(rgba[at]!, rgba[at + 1]!, rgba[at + 2]!)]!;
    return into;
  };
}

/** Channels lie side by side, or, where the layout is NCHW, each in a plane of its own. */
function colorNormalizer(pre: Preprocess): Normalizer {
  const [first, second, third] = [table(pre, 0), table(pre, 1), table(pre, 2)];
  const [red, blue] = pre.channel_order === "bgr" ? [2, 0] : [0, 2];
  const pixels = pre.width * pre.height;
  const [step, plane] = pre.layout === "NCHW" ? [1, pixels] : [3, 1];
  return (rgba, into) => {
    for (let at = 0, to = 0; at < pixels * 4; at += 4, to += step) {
      into[to] = first[rgba[at + red]!]!;
      into[to + plane] = second[rgba[at + 1]!]!;
      into[to + 2 * plane] = third[rgba[at + blue]!]!;
    }
    return into;
  };
}

/** A function from `pre.width * pre.height` RGBA pixels to the model's input: `(value * scale - mean) / std`. */
export const normalizer = (pre: Preprocess): Normalizer =>
  pre.color === "gray" ? grayNormalizer(pre) : colorNormalizer(pre);
