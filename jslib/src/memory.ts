/** What crosses into the game's heap. A view of the heap lives within one call only: growth makes it useless. */
import { RESULT_HEADER_BYTES, RESULT_VERSION, STATS, type StatName } from "./generated/abi";
import type { KeptPixels, Pixels } from "./pixels/pixels";

/** A finished inference as `Poll` hands it over; `values` is null where it failed. */
export interface Outcome {
  readonly task: number;
  readonly frame: number;
  readonly values: Float32Array | null;
  readonly pixels?: KeptPixels | undefined;
}

/** The destination of `length` bytes at a pointer from C, which may arrive as a negative number; null when it cannot be. */
function destination(heap: Uint8Array, dst: number, length: number): DataView | null {
  const start = dst >>> 0;
  if (start === 0 || start + length > heap.length) return null;
  return new DataView(heap.buffer, heap.byteOffset + start, length);
}

/** Writes the outcome if `size` bytes suffice: the bytes written, -1 for a failed one, -n when it needs n. */
export function writeOutcome(heap: Uint8Array, dst: number, size: number, { task, frame, values }: Outcome): number {
  const count = values?.length ?? 0;
  const needed = RESULT_HEADER_BYTES + 4 * count;
  const view = size < needed ? null : destination(heap, dst, needed);
  if (!view) return -needed;
  [RESULT_VERSION, task, frame, count].forEach((value, index) => view.setInt32(4 * index, value, true));
  if (!values) return -1;
  // Both sides are little-endian; as bytes, since nobody says that `dst` is a multiple of four.
  new Uint8Array(view.buffer, view.byteOffset + RESULT_HEADER_BYTES).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return needed;
}

/** Writes pixels, the bottom row first as Unity has it, if `size` bytes suffice: their bytes, or -n when it needs n. */
export function writePixels(heap: Uint8Array, dst: number, size: number, { width, height, channels, bytes }: Pixels): number {
  const view = size < bytes.length ? null : destination(heap, dst, bytes.length);
  if (!view) return -bytes.length;
  const row = width * channels;
  for (let line = 0; line < height; line++) {
    heap.set(bytes.subarray(line * row, (line + 1) * row), (dst >>> 0) + (height - 1 - line) * row);
  }
  return bytes.length;
}

/** Writes UTF-8 text without a final zero: its bytes, 0 for an empty text, -n when it needs n. */
export function writeText(heap: Uint8Array, dst: number, size: number, text: string): number {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0) return 0;
  const view = size < bytes.length ? null : destination(heap, dst, bytes.length);
  if (!view) return -bytes.length;
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes);
  return bytes.length;
}

/** Writes one float32 for each of STATS: their bytes, or -n when it needs n. */
export function writeStats(heap: Uint8Array, dst: number, size: number, stats: Record<StatName, number>): number {
  const needed = 4 * STATS.length;
  const view = size < needed ? null : destination(heap, dst, needed);
  if (!view) return -needed;
  STATS.forEach((name, index) => view.setFloat32(4 * index, stats[name], true));
  return needed;
}

/** The picture of `length` bytes at a pointer from C, or null when it would leave the heap. */
export function pixelsAt(heap: Uint8Array, pointer: number, length: number): Uint8Array | null {
  const start = pointer >>> 0;
  return start === 0 || start + length > heap.length ? null : heap.subarray(start, start + length);
}
