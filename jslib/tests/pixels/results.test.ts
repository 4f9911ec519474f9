import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SourceFlags, SubmitCode, TASKS } from "../../src/generated/abi";
import type { Contract } from "../../src/generated/contract";
import type { Model } from "../../src/model";
import { layPicture, poll, submit } from "../game";
import { Stage, settle, tinyContract, until } from "../support";

const { QUEUE, TOP_ROW_FIRST, MIRROR } = SourceFlags;
const PLACE = 3000;

function contractOf(task: Contract["model"]["task"], shape: number[], labels: string[]): Contract {
  const made = tinyContract();
  const [output] = made.model.outputs;
  return { ...made, model: { ...made.model, task, labels, outputs: [{ ...output!, shape }] } };
}

const alpha = (): Contract =>
  contractOf({ kind: "segmentation", result: "alpha", layout: "NHWC", activation: "none", channel: 0, threshold: 0.5, width: 0, height: 0 }, [-1, 2, 2, 1], ["person"]);

const image = (): Contract =>
  contractOf({ kind: "image", layout: "NHWC", channel_order: "rgb", low: 0, high: 1, tiling: null }, [-1, 2, 2, 3], []);

async function begun(contract: Contract): Promise<{ stage: Stage; model: Model }> {
  const stage = new Stage({}, {}, contract);
  const model = await stage.ready();
  layPicture(stage);
  return { stage, model };
}

/** Submits a frame and lets its inference give `numbers`. */
async function done(stage: Stage, model: Model, frame: number, numbers: number[], flags = 0): Promise<void> {
  const before = stage.inferences.length;
  submit(model, frame, TOP_ROW_FIRST | flags);
  await until("the inference", () => stage.inferences.length > before);
  stage.answer(before, numbers);
  await settle();
  await settle();
}

const bytes = (stage: Stage, length: number): number[] => [...stage.heap.bytes.subarray(PLACE, PLACE + length)];

describe("pixels of a result", () => {
  test("a mask: its size by Poll, its bytes by CopyPixels with the bottom row first", async () => {
    const { stage, model } = await begun(alpha());
    await done(stage, model, 5, [0, 1, 0.5, 0.25]);
    assert.equal(model.copyPixels(5, PLACE, 4), 0, "not before Poll gave it");
    const polled = poll(stage, model);
    assert.deepEqual([polled.bytes, polled.frame, polled.floats], [28, 5, [2, 2, 1]]);
    assert.equal(new DataView(stage.heap.bytes.buffer).getInt32(2048 + 4, true), TASKS.segmentation);
    assert.equal(model.copyPixels(5, PLACE, 3), -4);
    assert.equal(model.copyPixels(5, 0, 4), -4);
    assert.equal(model.copyPixels(5, PLACE, 4), 4);
    assert.deepEqual(bytes(stage, 5), [128, 64, 0, 255, 0]);
  });

  test("an image is RGBA", async () => {
    const { stage, model } = await begun(image());
    await done(stage, model, 1, [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]);
    assert.deepEqual(poll(stage, model).floats, [2, 2, 4]);
    assert.equal(model.copyPixels(1, PLACE, 16), 16);
    assert.deepEqual(bytes(stage, 16), [0, 0, 255, 255, 255, 255, 255, 255, 255, 0, 0, 255, 0, 255, 0, 255]);
  });

  test("of a mirrored picture lie as the picture was handed over", async () => {
    const { stage, model } = await begun(alpha());
    await done(stage, model, 1, [0, 1, 0, 1], MIRROR);
    poll(stage, model);
    model.copyPixels(1, PLACE, 4);
    assert.deepEqual(bytes(stage, 4), [255, 0, 255, 0]);
    const other = await begun(image());
    await done(other.stage, other.model, 1, [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0], MIRROR);
    poll(other.stage, other.model);
    other.model.copyPixels(1, PLACE, 16);
    assert.deepEqual(bytes(other.stage, 8), [0, 0, 0, 255, 255, 255, 255, 255]);
  });

  test("are kept for the newest polled frame and the newest explicit prediction, each", async () => {
    const { stage, model } = await begun(alpha());
    await done(stage, model, 1, [0, 0, 0, 0]);
    poll(stage, model);
    await done(stage, model, 2, [1, 1, 1, 1], QUEUE);
    poll(stage, model);
    for (const [frame, level] of [[1, 0], [2, 255]] as const) {
      assert.equal(model.copyPixels(frame, PLACE, 4), 4);
      assert.deepEqual(bytes(stage, 4), [level, level, level, level]);
    }
    await done(stage, model, 3, [0.5, 0.5, 0.5, 0.5]);
    poll(stage, model);
    assert.equal(model.copyPixels(1, PLACE, 4), 0, "a newer one took its place");
    assert.equal(model.copyPixels(2, PLACE, 4), 4);
    assert.deepEqual(bytes(stage, 4), [255, 255, 255, 255], "and not its memory");
    assert.equal(model.copyPixels(3, PLACE, 4), 4);
    assert.deepEqual(bytes(stage, 4), [128, 128, 128, 128]);
  });

  test("need a texture of their size and a context, and end with the model", async () => {
    const { stage, model } = await begun(alpha());
    assert.equal(model.pixelsToTexture(1, 9, 2, 2), SubmitCode.NOT_READY);
    await done(stage, model, 1, [0, 0, 0, 0]);
    poll(stage, model);
    assert.equal(model.pixelsToTexture(1, 9, 2, 2), SubmitCode.NO_GL_CONTEXT);
    stage.gl = { isContextLost: () => false, isTexture: () => true, canvas: new EventTarget() } as unknown as WebGL2RenderingContext;
    assert.equal(model.pixelsToTexture(1, 9, 2, 3), SubmitCode.BAD_TEXTURE);
    assert.equal(model.pixelsToTexture(1, 9, 2, 2), SubmitCode.BAD_TEXTURE, "there is no texture of that number");
    model.dispose();
    assert.equal(model.copyPixels(1, PLACE, 4), 0);
    assert.equal(model.pixelsToTexture(1, 9, 2, 2), SubmitCode.NOT_READY);
  });

  test("go to the page with its own predictions, and not into the history", async () => {
    const { stage, model } = await begun(alpha());
    const answer = model.predict({ width: 2, height: 2, rgba: btoa("\0".repeat(16)) });
    await until("the inference", () => stage.inferences.length === 2);
    stage.answer(1, [0, 1, 0.5, 0.25]);
    const found = await answer;
    assert.ok(found.task === "segmentation");
    assert.deepEqual([found.width, found.height, found.channels, [...found.bytes!]], [2, 2, 1, [0, 255, 128, 64]]);
    await done(stage, model, 1, [0, 0, 0, 0]);
    const [told] = model.history;
    assert.ok(told?.task === "segmentation");
    assert.equal(told.bytes, null);
  });

  test("that are no numbers fail the inference", async () => {
    const { stage, model } = await begun(image());
    await done(stage, model, 4, Array.from({ length: 12 }, () => NaN));
    assert.equal(poll(stage, model).bytes, -1);
    assert.match(model.error?.message ?? "", /number 0 of its output is NaN/);
    assert.equal(model.copyPixels(4, PLACE, 16), 0);
  });
});

test("memory of results is used again", async () => {
  const { stage, model } = await begun(alpha());
  const seen = new Set<ArrayBufferLike>();
  const { subarray } = Uint8Array.prototype;
  for (let frame = 1; frame <= 6; frame++) {
    await done(stage, model, frame, [0, 0, 0, 0]);
    poll(stage, model);
    Uint8Array.prototype.subarray = function (...range) {
      if (this.length === 4) seen.add(this.buffer);
      return subarray.apply(this, range);
    };
    model.copyPixels(frame, PLACE, 4);
    Uint8Array.prototype.subarray = subarray;
  }
  assert.ok(seen.size >= 1 && seen.size <= 2, String(seen.size));
});

describe("a contract of pixels", () => {
  for (const [name, change, reason] of [
    ["labels that are not as many as channels", { labels: ["a", "b"] }, "$.model.outputs[0].shape does not fit $.model.labels"],
    ["a list as its output", { outputs: [{ name: "output", shape: [-1, 4], dtype: "float32" }] }, "$.model.outputs[0].shape is no picture's"],
    ["whole numbers", { outputs: [{ name: "output", shape: [-1, 2, 2, 1], dtype: "int32" }] }, "$.model.outputs[0].dtype is not float32"],
  ] as const) {
    test(`is refused with ${name}`, async () => {
      const contract = alpha();
      const stage = new Stage({}, {}, { ...contract, model: { ...contract.model, ...change } as unknown as Contract["model"] });
      const model = stage.create();
      await until("failure", () => model.phase === "failed");
      assert.ok(model.error?.message.includes(reason), model.error?.message);
    });
  }
});
