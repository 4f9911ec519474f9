/** Non-maximum suppression: of boxes that cover the same thing, the best stays. */
import type { Detection } from "../generated/contract";
import { BOTTOM, LEFT, RIGHT, TOP, type Candidates } from "./candidates";

/** The part of the contract that says which boxes stay. */
export type Suppression = Pick<Detection, "overlap" | "per_class" | "limit">;

/** The area that two boxes share, divided by the area that they cover together. */
export function overlapOf(boxes: Float32Array, first: number, second: number): number {
  const a = 4 * first;
  const b = 4 * second;
  const at = (start: number, edge: number): number => boxes[start + edge] as number;
  const width = Math.min(at(a, RIGHT), at(b, RIGHT)) - Math.max(at(a, LEFT), at(b, LEFT));
  const height = Math.min(at(a, BOTTOM), at(b, BOTTOM)) - Math.max(at(a, TOP), at(b, TOP));
  if (width <= 0 || height <= 0) return 0;
  const area = (start: number): number => (at(start, RIGHT) - at(start, LEFT)) * (at(start, BOTTOM) - at(start, TOP));
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

/** Chooses among candidates; its own memory lives from frame to frame. */
export class Suppressor {
  private order = new Uint32Array(0);
  private readonly kept: number[] = [];

  constructor(private readonly how: Suppression) {}

  /** Numbers of the candidates that stay, best first; of equal ones the earlier comes first. Valid until the next call. */
  choose(from: Candidates): readonly number[] {
    this.kept.length = 0;
    for (const candidate of this.sorted(from)) {
      if (this.kept.length === this.how.limit) break;
      if (!this.isCovered(from, candidate)) this.kept.push(candidate);
    }
    return this.kept;
  }

  private sorted({ count, scores }: Candidates): Uint32Array {
    if (this.order.length < count) this.order = new Uint32Array(2 * count);
    const order = this.order.subarray(0, count);
    for (let index = 0; index < count; index++) order[index] = index;
    return order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  }

  private isCovered({ boxes, labels }: Candidates, candidate: number): boolean {
    for (const better of this.kept) {
      if (this.how.per_class && labels[better] !== labels[candidate]) continue;
      if (overlapOf(boxes, better, candidate) > this.how.overlap) return true;
    }
    return false;
  }
}
