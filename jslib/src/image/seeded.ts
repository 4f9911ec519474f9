/** The picture of golden vectors, bit for bit as docs/verify.md specifies it: smooth blobs with grain, nowhere flat. */

export const SEED = 1;
const KNOTS = 6;
const CHANNELS = 3;

/** The highest 8 bits of one state after the other. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state >>> 24;
  };
}

/** RGBA, row 0 on top, opaque. */
export function seededPicture(seed: number, width: number, height: number): Uint8Array {
  const draw = drawing(seed);
  const knots = Array.from({ length: KNOTS * KNOTS * CHANNELS }, draw);
  const knot = (row: number, column: number, channel: number): number => knots[(row * KNOTS + column) * CHANNELS + channel] as number;
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let at = 0; at < width * height; at++) {
    const ty = Math.floor((Math.floor(at / width) * (KNOTS - 1) * 256) / height);
    const tx = Math.floor(((at % width) * (KNOTS - 1) * 256) / width);
    const [row, down, column, right] = [ty >> 8, ty & 255, tx >> 8, tx & 255];
    for (let channel = 0; channel < CHANNELS; channel++) {
      const between = (line: number): number => (256 - right) * knot(line, column, channel) + right * knot(line, column + 1, channel);
      const smooth = ((256 - down) * between(row) + down * between(row + 1)) >> 16;
      rgba[4 * at + channel] = smooth + (draw() >> 3) - 16;
    }
  }
  return new Uint8Array(rgba.buffer);
}
