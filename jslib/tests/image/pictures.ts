/** Pictures for the tests, and the ways in which they may lie in memory. */
import type { Preprocess } from "../../src/generated/contract";
import type { Layout } from "../../src/image/resize";

/** RGB pixels: byte i is the top byte of the 32-bit product i * 0x9E3779B1, as in tests/e2e/image_reference.py. */
export const noise = (width: number, height: number): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);

export const LAYOUTS = [3, 4].flatMap((bytesPerPixel) =>
  [true, false].flatMap((topRowFirst) =>
    [true, false].flatMap((mirror) =>
      [undefined, 90, 180, 270].map(
        (rotation) => ({ bytesPerPixel, topRowFirst, mirror, rotation }) as Omit<Layout, "width" | "height">,
      ),
    ),
  ),
);

/** Where a pixel of memory comes to lie when the picture is turned clockwise. */
function turned(x: number, y: number, across: number, down: number, rotation: Layout["rotation"]): [x: number, y: number] {
  if (rotation === 90) return [down - 1 - y, x];
  if (rotation === 180) return [across - 1 - x, down - 1 - y];
  return rotation === 270 ? [y, across - 1 - x] : [x, y];
}

/** The RGB picture as it lies in memory under `layout`; a fourth byte is noise that must not matter. */
export function inMemory(picture: Uint8Array, layout: Layout): Uint8Array {
  const { width, height, bytesPerPixel, topRowFirst, mirror, rotation } = layout;
  const [across, down] = rotation === 90 || rotation === 270 ? [height, width] : [width, height];
  const memory = noise(width * bytesPerPixel, height).slice(0, width * height * bytesPerPixel);
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      const [x, y] = turned(column, topRowFirst ? row : down - 1 - row, across, down, rotation);
      const at = (y * width + (mirror ? width - 1 - x : x)) * 3;
      memory.set(picture.subarray(at, at + 3), (row * across + column) * bytesPerPixel);
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
