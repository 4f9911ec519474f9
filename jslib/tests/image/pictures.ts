/** Pictures for the tests, and the ways in which they may lie in memory. */
import type { Preprocess } from "../../src/generated/contract";
import type { Layout } from "../../src/image/resize";

/** RGB pixels: byte i is the top byte of the 32-bit product i * 0x9E3779B1, as in tests/e2e/image_reference.py. */
export const noise = (width: number, height: number): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);

export const LAYOUTS = [3, 4].flatMap((bytesPerPixel) =>
  [true, false].flatMap((topRowFirst) =>
    [true, false].map((mirror) => ({ bytesPerPixel, topRowFirst, mirror }) as Omit<Layout, "width" | "height">),
  ),
);

/** The RGB picture as it lies in memory under `layout`; a fourth byte is noise that must not matter. */
export function inMemory(picture: Uint8Array, layout: Layout): Uint8Array {
  const { width, height, bytesPerPixel, topRowFirst, mirror } = layout;
  const memory = noise(width * bytesPerPixel, height).slice(0, width * height * bytesPerPixel);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = topRowFirst ? y : height - 1 - y;
      const column = mirror ? width - 1 - x : x;
      const pixel = picture.subarray((y * width + x) * 3, (y * width + x) * 3 + 3);
      memory.set(pixel, (row * width + column) * bytesPerPixel);
    }
  }
  return memory;
}

export const preprocess = (changes: Partial<Preprocess>): Preprocess => ({
  width: 8,
  height: 8,
  color: "rgb",
  channel_order: "rgb",
  layout: "NHWC",
  fit: "stretch",
  filter: "triangle",
  pad: [0, 0, 0],
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  ...changes,
});

/** RGBA → RGB; fails unless every alpha is 255. */
export function opaque(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0; i < rgba.length / 4; i++) {
    if (rgba[i * 4 + 3] !== 255) throw new Error(`pixel ${i} is not opaque`);
    rgb.set(rgba.subarray(i * 4, i * 4 + 3), i * 3);
  }
  return rgb;
}
