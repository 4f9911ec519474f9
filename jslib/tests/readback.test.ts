import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SourceFlags, State, SubmitCode } from "../src/generated/abi";
import { CONTEXT_LOST } from "../src/generated/errors";
import { Failure } from "../src/failure";
import type { Picture } from "../src/image/picture";
import type { Model } from "../src/model";
import type { BlitterLike } from "../src/pictures";
import { poll, stat } from "./game";
import { Gate, Stage, settle, until } from "./support";

/** A picture that arrives when the test says so, from a GPU that is asked once in every call. */
class Underway implements Picture {
  readonly gate = new Gate<Uint8Array>();
  readonly pixels = this.gate.promise;
  waitedMs = 0;
  released = 0;

  release(): void {
    this.released += 1;
    if (this.waitedMs === 0) this.gate.reject(new Error("given up"));
  }

  arrive(level: number): void {
    this.waitedMs = 16;
    this.gate.resolve(new Uint8Array(16).fill(level));
  }
}

class FakeBlitter implements BlitterLike {
  readonly drawn: Underway[] = [];
  collected = 0;
  givenUp = 0;

  blit(): Picture {
    const picture = new Underway();
    picture.pixels.catch(() => undefined);
    this.drawn.push(picture);
    return picture;
  }

  collect(): void {
    this.collected += 1;
  }

  dispose(): void {
    for (const picture of this.drawn) picture.release();
  }
}

async function playing(): Promise<{ stage: Stage; model: Model; blitter: FakeBlitter; at: (index: number) => Underway }> {
  const [stage, blitter] = [new Stage(), new FakeBlitter()];
  const model = await stage.ready();
  stage.gl = { isContextLost: () => false } as WebGL2RenderingContext;
  Object.assign(stage, { texture: {}, blitter });
  return { stage, model, blitter, at: (index) => blitter.drawn[index]! };
}

const submit = (model: Model, frame: number, flags = 0): number => model.submitTexture(1, 2, 2, flags, frame);

describe("a texture", () => {
  test("is predicted on once its pixels have arrived, in a later call", async () => {
    const { stage, model, blitter, at } = await playing();
    assert.equal(submit(model, 5), SubmitCode.ACCEPTED);
    await settle();
    assert.equal(stage.inferences.length, 1); // the warm-up
    const collected = blitter.collected;
    assert.equal(poll(stage, model).bytes, 0);
    assert.equal(blitter.collected, collected + 1);
    at(0).arrive(9);
    await until("the inference", () => stage.inferences.length === 2);
    assert.deepEqual([...stage.inferences[1]!.input], new Array(12).fill(9));
    assert.equal(at(0).released, 1);
    stage.answer(1, [0, 1, 0]);
    await settle();
    assert.equal(poll(stage, model).frame, 5);
    assert.deepEqual([stat(stage, model, "readbackMs"), stat(stage, model, "feedMs"), stat(stage, model, "outputMs")], [16, 1, 2]);
  });

  test("that gives way to a newer one is drawn, and given up", async () => {
    const { stage, model, at } = await playing();
    for (const frame of [1, 2, 3]) submit(model, frame);
    assert.deepEqual([0, 1, 2].map((index) => at(index).released), [0, 1, 0]);
    at(2).arrive(3);
    at(0).arrive(1);
    await until("the first", () => stage.inferences.length === 2);
    stage.answer(1, [1, 0, 0]);
    await until("the newest", () => stage.inferences.length === 3);
    assert.deepEqual(stage.inferences.slice(1).map(({ input }) => input[0]), [1, 3]);
    assert.equal(stat(stage, model, "dropped"), 1);
  });

  test("that never comes because the game's context was lost ends as failed, and the next one runs", async () => {
    const { stage, model, at } = await playing();
    submit(model, 1, SourceFlags.QUEUE);
    at(0).gate.reject(new Failure(CONTEXT_LOST()));
    await until("failure", () => stat(stage, model, "failed") === 1);
    assert.deepEqual([poll(stage, model).bytes, model.errorCode()], [-1, 111]);
    assert.equal(model.state(), State.READY);
    submit(model, 2);
    at(1).arrive(4);
    await until("the next", () => stage.inferences.length === 2);
  });

  test("on its way keeps nothing alive when the model is disposed", async () => {
    const { stage, model } = await playing();
    submit(model, 1);
    submit(model, 2);
    await settle();
    model.dispose();
    await until("the end", () => stage.networksDisposed === 1);
    assert.equal(stage.inferences.length, 1);
  });
});
