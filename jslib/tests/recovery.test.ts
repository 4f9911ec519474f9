import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SourceFlags, State, SubmitCode } from "../src/generated/abi";
import type { Model } from "../src/model";
import { RECOVERY_LIMIT, RECOVERY_WINDOW_MS, Recoveries } from "../src/recoveries";
import { messageOf, poll, RESULT, stat, submit } from "./game";
import { Stage, settle, until } from "./support";

const { QUEUE } = SourceFlags;
const PICTURE = { width: 1, height: 1, rgba: "AAAAAA==" };
const CAUSE = /^An inference failed: the WebGL context of TensorFlow\.js was lost\. /;

/** Answers the warm-up of the model that is being loaded anew. */
async function recovered(stage: Stage, model: Model, warmUp: number): Promise<void> {
  await until("the warm-up", () => stage.inferences.length > warmUp);
  stage.answer(warmUp, [0, 0, 1]);
  await until("ready", () => model.state() === State.READY);
}

describe("a lost context of TensorFlow.js", () => {
  test("makes the model load itself anew, and then it predicts", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    stage.loseContext();
    assert.deepEqual([model.state(), model.phase, model.progress()], [State.LOADING, "loading", 0]);
    assert.deepEqual([model.backend, model.restingTensors, stage.networksDisposed], ["", -1, 1]);
    assert.equal(submit(model, 1), SubmitCode.NOT_READY);
    await assert.rejects(model.predict(PICTURE), /the model is loading, not ready/);
    await recovered(stage, model, 1);
    assert.deepEqual([model.progress(), model.backend, model.restingTensors], [1, "wasm", 3]);
    assert.deepEqual([model.errorCode(), stage.networksAsked, stage.listeners], [0, 2, 1]);
    assert.equal(submit(model, 2), SubmitCode.ACCEPTED);
    await settle();
    stage.answer(2, [0, 1, 0]);
    await settle();
    assert.deepEqual([poll(stage, model).frame, model.history.length], [2, 1]);
  });

  test("ends explicit predictions as failed with the cause, drops other frames, keeps results", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    submit(model, 1, QUEUE);
    await settle();
    stage.answer(1, [1, 0, 0]);
    await settle();
    [2, 3].forEach((frame) => submit(model, frame, QUEUE));
    submit(model, 4);
    const probe = assert.rejects(model.predict(PICTURE), { name: "PREDICT_FAILED" });
    await settle();
    stage.loseContext();
    await probe;
    assert.deepEqual([1, 2, 3].map(() => poll(stage, model)).map(({ bytes, frame }) => [bytes, frame]), [[32, 1], [-1, 2], [-1, 3]]);
    assert.equal(model.poll(RESULT, 256), 0);
    assert.equal(model.errorCode(), 108);
    assert.match(messageOf(stage, model), CAUSE);
    assert.deepEqual([stat(stage, model, "failed"), stat(stage, model, "dropped")], [2, 1]);
  });

  test("drops the frame in flight, and what its inference still gives is nobody's", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    submit(model, 1);
    await settle();
    stage.loseContext();
    await recovered(stage, model, 2);
    submit(model, 2);
    await settle();
    stage.answer(1, [1, 0, 0]);
    await settle();
    assert.equal(model.poll(RESULT, 256), 0);
    stage.answer(3, [0, 1, 0]);
    await settle();
    assert.deepEqual([poll(stage, model).frame, model.poll(RESULT, 256)], [2, 0]);
    assert.deepEqual([model.errorCode(), stat(stage, model, "dropped")], [0, 1]);
  });

  test("leaves the game's camera open", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    model.submitCamera(0, 1);
    stage.loseContext();
    await recovered(stage, model, 1);
    assert.equal(model.submitCamera(0, 2), SubmitCode.NOT_READY);
    assert.deepEqual(stage.cameras, { opened: 1, disposed: 0 });
    model.dispose();
    assert.deepEqual(stage.cameras, { opened: 1, disposed: 1 });
  });

  test("before a frame has begun never begins it", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    submit(model, 1, QUEUE);
    stage.loseContext();
    await recovered(stage, model, 1);
    await settle();
    assert.deepEqual([stage.inferences.length, poll(stage, model).bytes], [2, -1]);
  });

  test("during warm-up begins anew, whatever that inference still gives", async () => {
    const stage = new Stage();
    const model = stage.create();
    await stage.loaded();
    stage.loseContext();
    assert.deepEqual([model.state(), model.progress()], [State.LOADING, 0]);
    stage.answer(0, [0, 0, 0]);
    await settle();
    assert.deepEqual([model.state(), stage.networksDisposed], [State.LOADING, 1]);
    await recovered(stage, model, 1);
    assert.deepEqual([stage.networksAsked, stage.listeners], [2, 1]);
  });

  test("while the weights are loaded begins anew, and the first weights are freed", async () => {
    const stage = new Stage();
    const model = stage.create();
    await stage.downloaded();
    stage.loseContext();
    stage.loading.resolve();
    await recovered(stage, model, 0);
    assert.deepEqual([stage.networksAsked, stage.networksDisposed, stage.inferences.length], [2, 1, 1]);
  });

  test("for the fourth time within a minute fails the model", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    for (let loss = 1; loss <= RECOVERY_LIMIT; loss++) {
      stage.loseContext();
      await recovered(stage, model, loss);
    }
    stage.loseContext();
    assert.deepEqual([model.state(), model.errorCode(), stage.networksDisposed], [State.FAILED, 118, 4]);
    assert.match(messageOf(stage, model), /^TensorFlow\.js lost its WebGL context 4 times within a minute\. /);
    assert.equal(submit(model, 1), SubmitCode.FAILED);
    assert.equal(stage.listeners, 0);
  });

  test("fails the model where it cannot be loaded any more, with the reason", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    stage.unpublish();
    stage.loseContext();
    await until("failure", () => model.state() === State.FAILED);
    assert.match(messageOf(stage, model), /contract\.json could not be fetched: the host answered with status 404\. /);
    await assert.rejects(model.predict(PICTURE), { name: "FETCH_FAILED" });
  });

  for (const [name, reach] of [
    ["right after it", () => settle()],
    ["during the new warm-up", (stage: Stage) => until("the warm-up", () => stage.inferences.length > 2)],
  ] as const) {
    test(`and a dispose ${name} leave nothing`, async () => {
      const stage = new Stage();
      const model = await stage.ready();
      submit(model, 1, QUEUE);
      await settle();
      stage.loseContext();
      await reach(stage);
      model.dispose();
      stage.inferences.forEach((_, index) => stage.answer(index, [1, 0, 0]));
      await settle();
      await settle();
      assert.equal(stage.networksDisposed, stage.networksAsked);
      assert.deepEqual([stage.listeners, model.state(), model.poll(RESULT, 256)], [0, State.DISPOSED, 0]);
    });
  }
});

test("the window of recoveries moves on", () => {
  const recoveries = new Recoveries();
  const begun = [0, 10, 20, 30, RECOVERY_WINDOW_MS - 1, RECOVERY_WINDOW_MS, RECOVERY_WINDOW_MS + 5, RECOVERY_WINDOW_MS + 10];
  assert.deepEqual(begun.map((now) => recoveries.begin(now)), [true, true, true, false, false, true, false, true]);
});

describe("a lost context of the game", () => {
  /** A context that a test can lose. */
  class Context extends EventTarget {
    readonly canvas = this;
    lost = false;
    listeners = 0;
    isContextLost = (): boolean => this.lost;

    override addEventListener(...given: Parameters<EventTarget["addEventListener"]>): void {
      this.listeners += 1;
      super.addEventListener(...given);
    }

    override removeEventListener(...given: Parameters<EventTarget["removeEventListener"]>): void {
      this.listeners -= 1;
      super.removeEventListener(...given);
    }

    lose(): void {
      this.lost = true;
      this.dispatchEvent(new Event("webglcontextlost"));
    }
  }

  async function playing(context: Context): Promise<[Stage, Model]> {
    const stage = new Stage();
    stage.gl = context as unknown as WebGL2RenderingContext;
    return [stage, await stage.ready()];
  }

  test("is the model's error though nothing is submitted, and other pictures are still taken", async () => {
    const context = new Context();
    const [stage, model] = await playing(context);
    assert.equal(model.errorCode(), 0);
    context.lose();
    assert.deepEqual([model.state(), model.errorCode()], [State.READY, 111]);
    assert.match(messageOf(stage, model), /^The WebGL context of the game was lost\. .* reload the page\.$/);
    assert.equal(model.submitTexture(1, 2, 2, 0, 1), SubmitCode.FAILED);
    assert.equal(submit(model, 2), SubmitCode.ACCEPTED);
    model.dispose();
    assert.equal(context.listeners, 0);
  });

  test("is told to a model that is made later", async () => {
    const context = new Context();
    context.lost = true;
    const [, model] = await playing(context);
    assert.equal(model.errorCode(), 111);
  });
});
