import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ModelSpec } from "../src/generated/contract";
import { openReader, type Output, type TaskPrediction } from "../src/tasks";
import { tinyContract } from "./support";

function readerOf(task: ModelSpec["task"], change: Partial<ModelSpec> = {}): ReturnType<typeof openReader> {
  return openReader({ ...tinyContract().model, ...change, task });
}

const DETECTION: ModelSpec["task"] = {
  kind: "detection",
  form: { form: "rows", box: 0, score: 4, label: 5, corners: "xyxy", units: "unit" },
  threshold: 0.5,
  overlap: 0.5,
  per_class: true,
  limit: 10,
};
/** Of a dog in the left quarter of the picture, and of a fox below the threshold. */
const ROWS: Output[] = [{ shape: [1, 2, 6], values: Float32Array.of(0, 0.5, 0.25, 1, 0.75, 1, 0.5, 0, 1, 1, 0.25, 2) }];
const place = (mirror: boolean): { width: number; height: number; mirror: boolean } => ({ width: 40, height: 20, mirror });

function boxes(prediction: TaskPrediction): object[] {
  assert.ok(prediction.task === "detection");
  return prediction.detections.map(({ label, box }) => ({ label, ...box }));
}

describe("a reader", () => {
  test("gives boxes as parts of the picture that was handed over, mirrored or not", () => {
    for (const [mirror, left] of [[false, 0], [true, 0.75]] as const) {
      const { values, prediction } = readerOf(DETECTION).read(ROWS, place(mirror));
      assert.deepEqual([...values], [1, 0.75, left, 0.5, 0.25, 0.5]);
      assert.deepEqual(boxes(prediction), [{ label: "dog", left, top: 0.5, width: 0.25, height: 0.5 }]);
    }
  });

  test("refuses a class that has no label", () => {
    const unknown = [{ shape: [1, 1, 6], values: Float32Array.of(0, 0, 1, 1, 0.9, 3) }];
    assert.throws(() => readerOf(DETECTION).read(unknown, place(false)), /^Error: it found class 3, and there are 3 labels$/);
  });

  test("of raw numbers gives each output's rank, shape and values", () => {
    const outputs = [{ name: "a", shape: [-1, 2], dtype: "float32" as const }, { name: "b", shape: [], dtype: "int32" as const }];
    const given: Output[] = [{ shape: [1, 2], values: Float32Array.of(0.5, -1) }, { shape: [], values: Int32Array.of(7) }];
    const reader = readerOf({ kind: "raw" }, { outputs, labels: [] });
    const { values, prediction } = reader.read(given, place(false));
    assert.deepEqual([...values], [2, 1, 2, 0.5, -1, 0, 7]);
    assert.deepEqual(prediction, {
      task: "raw",
      outputs: [{ name: "a", shape: [1, 2], values: [0.5, -1] }, { name: "b", shape: [], values: [7] }],
    });
    assert.deepEqual([...reader.compared(given)], [0.5, -1, 7]);
  });
});
