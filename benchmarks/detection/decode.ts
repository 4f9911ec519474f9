/**
 * Times a detector's way from raw outputs to the best boxes: 8,400 boxes of 80 classes, as YOLO's heads have at 640x640 pixels.
 * Prints JSON: by head, milliseconds of CPU time and bytes of garbage for each frame (medians). Run by
 * `benchmarks.detection.measure`.
 */
import { Detector, type DetectionTask } from "../../jslib/src/detection/index";
import { preprocess } from "../../jslib/tests/image/pictures";

const [BOXES, CLASSES, SIDE] = [8400, 80, 640];
// A few frames leave so little garbage that nothing collects it meanwhile.
const [WARM, FRAMES, ROUNDS, FEW] = [200, 50, 9, 10];

/** The same numbers every time, 0..1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One box in `every` is certain of one class; all others score low. */
function head(columns: boolean, every: number): { shape: number[]; values: Float32Array } {
  const next = random(7);
  const [width, values] = [4 + CLASSES, new Float32Array(BOXES * (4 + CLASSES))];
  const put = (box: number, column: number, value: number): void => {
    values[columns ? column * BOXES + box : box * width + column] = value;
  };
  for (let box = 0; box < BOXES; box++) {
    for (const column of [0, 1]) put(box, column, SIDE * next());
    for (const column of [2, 3]) put(box, column, 20 + 200 * next());
    for (let label = 0; label < CLASSES; label++) put(box, 4 + label, 0.1 * next());
    if (box % every === 0) put(box, 4 + Math.floor(CLASSES * next()), 0.5 + 0.5 * next());
  }
  return { shape: columns ? [1, width, BOXES] : [1, BOXES, width], values };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;

function measured(arrangement: "rows" | "columns", every: number): { ms: number; bytes: number; found: number } {
  const task: DetectionTask = {
    form: { form: "yolo", arrangement, objectness: false, activation: "none", units: "pixels", strides: [] },
    threshold: 0.5,
    overlap: 0.45,
    per_class: true,
    limit: 100,
  };
  const detector = new Detector(task, preprocess({ width: SIDE, height: SIDE }));
  const outputs = [head(arrangement === "columns", every)];
  const frames = (count: number): number => {
    let found = 0;
    for (let frame = 0; frame < count; frame++) found = detector.detect(outputs, 1280, 720).length / 6;
    return found;
  };
  const found = frames(WARM);
  const times = Array.from({ length: ROUNDS }, () => {
    const begun = process.cpuUsage();
    frames(FRAMES);
    return process.cpuUsage(begun).user / 1000 / FRAMES;
  });
  const garbage = Array.from({ length: ROUNDS }, () => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    frames(FEW);
    return (process.memoryUsage().heapUsed - before) / FEW;
  });
  return { ms: median(times), bytes: Math.round(median(garbage)), found };
}

const results = Object.fromEntries(
  (["columns", "rows"] as const).flatMap((arrangement) =>
    [840, 84, 8].map((every) => [`${arrangement}, ${Math.ceil(BOXES / every)} boxes above the threshold`, measured(arrangement, every)]),
  ),
);
console.log(JSON.stringify(results));
