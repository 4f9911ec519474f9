/** Non-maximum suppression: of boxes that cover the same thing, the best stays. */
import type { Detection } from "../generated/contract";
import { BOTTOM, LEFT, RIGHT, TOP, type Candidates } from "./candidates";

/** The part of the contract that says which boxes stay. */
export type Suppression = Pick<Detection, "overlap" | "per_class" | "limit">;

const area = (boxes: Float32Array, at: number): number =>
  ((boxes[at + RIGHT] as number) - (boxes[at + LEFT] as number)) * ((boxes[at + BOTTOM] as number) - (boxes[at + TOP] as number));

/** The area that two boxes share, divided by the area that they cover together. Called for pairs of boxes: it makes no objects. */
export function overlapOf(boxes: Float32Array, first: number, second: number): number {
  const a = 4 * first;
  const b = 4 * second;
  const width = Math.min(boxes[a + RIGHT] as number, boxes[b + RIGHT] as number) - Math.max(boxes[a + LEFT] as number, boxes[b + LEFT] as number);
  if (width <= 0) return 0;
  const height = Math.min(boxes[a + BOTTOM] as number, boxes[b + BOTTOM] as number) - Math.max(boxes[a + TOP] as number, boxes[b + TOP] as number);
  if (height <= 0) return 0;
  const shared = width * height;
  return shared / (area(boxes, a) + area(boxes, b) - shared);
}

/** More candidates than any detector has, and so few that an order key is a whole number in double precision. */
const ROOM = 2 ** 20;
const MOST_BITS = 2 ** 32 - 1;

/** Chooses among candidates; its own memory lives from frame to frame. */
export class Suppressor {
  private keys = new Float64Array(0);
  private readonly kept: number[] = [];

  constructor(private readonly how: Suppression) {}

  /** Numbers of the candidates that stay, best first; of equal ones the earlier comes first. Valid until the next call. */
  choose(from: Candidates): readonly number[] {
    this.kept.length = 0;
    for (const key of this.sorted(from)) {
      if (this.kept.length === this.how.limit) break;
      const candidate = key % ROOM | 0; // an integer for the engine, too, which would make an object of any other number
      if (!this.isCovered(from, candidate)) this.kept.push(candidate);
    }
    return this.kept;
  }

  /**
   * By a number each, because sorting numbers needs no calls: the score's 32 bits, which order positive numbers as they are,
   * turned round so that the best comes first, and behind them the candidate's number.
   */
  private sorted({ count, scores }: Candidates): Float64Array {
    if (count > ROOM) throw new Error(`it found ${count} boxes, more than ${ROOM}`);
    if (this.keys.length < count) this.keys = new Float64Array(2 * count);
    const bits = new Uint32Array(scores.buffer);
    for (let index = 0; index < count; index++) this.keys[index] = (MOST_BITS - (bits[index] as number)) * ROOM + index;
    return this.keys.subarray(0, count).sort();
  }

  private isCovered({ boxes, labels }: Candidates, candidate: number): boolean {
    for (const better of this.kept) {
      if (this.how.per_class && labels[better] !== labels[candidate]) continue;
      if (overlapOf(boxes, better, candidate) > this.how.overlap) return true;
    }
    return false;
  }
}
