/** Boxes on their way from a network's raw numbers to detections. */

const FIRST_ROOM = 256;

/** The rectangle that a box is, as parts of the network's input: 0 is its left or top edge, 1 its right or bottom one. */
export const LEFT = 0;
export const TOP = 1;
export const RIGHT = 2;
export const BOTTOM = 3;

/** Boxes that reached the threshold, in the order of the network's output. Made once and used for every frame, so that none allocates. */
export class Candidates {
  count = 0;
  /** Four numbers each: LEFT, TOP, RIGHT, BOTTOM. */
  boxes = new Float32Array(4 * FIRST_ROOM);
  scores = new Float32Array(FIRST_ROOM);
  labels = new Int32Array(FIRST_ROOM);

  clear(): void {
    this.count = 0;
  }

  /** Takes a box; one without area, or that is nowhere, is none. */
  add(label: number, score: number, left: number, top: number, right: number, bottom: number): void {
    const isBox = right > left && bottom > top && Number.isFinite(right - left) && Number.isFinite(bottom - top);
    if (!isBox) return;
    if (this.count === this.scores.length) this.grow();
    const { boxes } = this;
    const at = 4 * this.count;
    boxes[at + LEFT] = left;
    boxes[at + TOP] = top;
    boxes[at + RIGHT] = right;
    boxes[at + BOTTOM] = bottom;
    this.scores[this.count] = score;
    this.labels[this.count] = label;
    this.count += 1;
  }

  /** The same by the centre. */
  addCentred(label: number, score: number, x: number, y: number, width: number, height: number): void {
    this.add(label, score, x - width / 2, y - height / 2, x + width / 2, y + height / 2);
  }

  private grow(): void {
    const larger = new Candidates();
    larger.boxes = new Float32Array(2 * this.boxes.length);
    larger.scores = new Float32Array(2 * this.scores.length);
    larger.labels = new Int32Array(2 * this.labels.length);
    larger.boxes.set(this.boxes);
    larger.scores.set(this.scores);
    larger.labels.set(this.labels);
    ({ boxes: this.boxes, scores: this.scores, labels: this.labels } = larger);
  }
}

/** The network's input in pixels. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
}
