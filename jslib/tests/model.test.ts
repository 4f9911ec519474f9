import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { QUEUE_LIMIT, SourceFlags, State, SubmitCode } from "../src/generated/abi";
import type { Model } from "../src/model";
import { layPicture, messageOf, PIXELS, poll, RESULT, stat, submit } from "./game";
import { CONTRACT_URL, Stage, settle, until, utf8 } from "./support";

const { QUEUE, TOP_ROW_FIRST, RGB24, LINEAR, MIRROR } = SourceFlags;

const failed = (model: Model): Promise<void> => until("failure", () => model.state() === State.FAILED);

describe("loading", () => {
  test("goes by bytes up to 0.9, and is 1 only when ready", async () => {
    const stage = new Stage();
    const model = stage.create();
    assert.deepEqual([model.state(), model.progress(), model.phase], [State.LOADING, 0, "loading"]);
    assert.equal(submit(model, 1), SubmitCode.NOT_READY);
    await stage.downloaded();
    assert.equal(model.progress(), 0.9);
    await stage.loaded();
    assert.equal(model.progress(), 0.95);
    assert.equal(model.state(), State.LOADING);
    await stage.warmedUp(model);
    assert.deepEqual([model.state(), model.progress(), model.phase], [State.READY, 1, "ready"]);
    assert.deepEqual([model.errorCode(), model.message(RESULT, 100), model.error], [0, 0, null]);
    assert.equal(model.contract?.model.name, "Tiny");
    assert.equal(model.backend, "wasm");
    assert.ok(model.statistics["loadMs"] as number > 0 && (model.statistics["warmupMs"] as number) > 0);
  });

  test("fetches the contract first, then topology and shards by encoded names", async () => {
    const stage = new Stage();
    await stage.ready();
    const folder = "https://game.example/play/StreamingAssets/tfjs-bridge/tiny";
    assert.deepEqual(stage.fetched, [`${folder}/contract.json`, `${folder}/model.json`, `${folder}/group%201.bin`]);
  });

  test("fails with the error's code and text, and nothing can be submitted", async () => {
    const stage = new Stage({ contractUrl: "nowhere/contract.json" });
    const model = stage.create();
    await failed(model);
    assert.deepEqual([model.state(), model.phase, model.errorCode()], [State.FAILED, "failed", 102]);
    const text = messageOf(stage, model);
    assert.ok(text.startsWith("https://game.example/play/nowhere/contract.json could not be fetched: the host answered with status 404. "), text);
    assert.deepEqual(model.error, { code: 102, id: "FETCH_FAILED", message: text });
    assert.equal(model.message(RESULT, text.length - 1), -text.length);
    assert.equal(submit(model, 1), SubmitCode.FAILED);
    await assert.rejects(model.predict({ width: 1, height: 1, rgba: "AAAA" }), { message: text });
  });

  test("fails where the options, the contract's hash or a shard is wrong", async () => {
    const cases: [Stage, number][] = [
      [new Stage({ optionsJson: "{" }), 112],
      [new Stage({ contractUrl: "http://[" }), 102],
      [new Stage({ contractHash: "0".repeat(64) }), 115],
      [new Stage({}, { [new URL("group%201.bin", CONTRACT_URL).href]: utf8("weights") }), 104],
    ];
    for (const [stage, code] of cases) {
      const model = stage.create();
      await failed(model);
      assert.deepEqual([model.state(), model.errorCode()], [State.FAILED, code]);
    }
  });

  test("fails as MODEL_FAILED where TensorFlow.js refuses the model", async () => {
    const stage = new Stage();
    const model = stage.create();
    await stage.downloaded();
    stage.loading.reject(new Error("No such\nluck."));
    await failed(model);
    assert.equal(model.errorCode(), 107);
    assert.ok(messageOf(stage, model).startsWith("The model could not be loaded: No such luck. It uses an operation"));
  });

  for (const [scores, reason] of [
    [[0.5, 0.5], "it gives 2 scores for 3 labels"],
    [[0.5, NaN, 0], "score 1 is NaN"],
  ] as const) {
    test(`fails as MODEL_FAILED where ${reason}, and frees the network`, async () => {
      const stage = new Stage();
      const model = stage.create();
      await stage.loaded();
      stage.answer(0, [...scores]);
      await failed(model);
      assert.equal(model.errorCode(), 107);
      assert.ok(model.error?.message.includes(`The model could not be loaded: ${reason}. `));
      assert.equal(stage.networksDisposed, 1);
    });
  }
});

describe("a frame", () => {
  test("becomes the classes of its picture, best first", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    layPicture(stage);
    assert.equal(submit(model, 41), SubmitCode.ACCEPTED);
    stage.heap.bytes.fill(0, PIXELS, PIXELS + 16); // the picture was copied
    await settle();
    assert.deepEqual(Array.from(stage.inferences[1]?.input ?? []), [10, 11, 12, 14, 15, 16, 18, 19, 20, 22, 23, 24]);
    assert.equal(poll(stage, model).bytes, 0);
    stage.answer(1, [0.25, 0.125, 0.625]);
    await settle();
    assert.deepEqual(poll(stage, model), { bytes: 32, frame: 41, floats: [2, 0.625, 0, 0.25] });
    assert.equal(model.poll(RESULT, 256), 0);
  });

  test("may come bottom row first, mirrored, or with three bytes a pixel", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    layPicture(stage);
    const flags = [0, TOP_ROW_FIRST | MIRROR, TOP_ROW_FIRST | RGB24];
    flags.forEach((flag, frame) => submit(model, frame, flag | QUEUE));
    const expected = [
      [18, 19, 20, 22, 23, 24, 10, 11, 12, 14, 15, 16],
      [14, 15, 16, 10, 11, 12, 22, 23, 24, 18, 19, 20],
      [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21],
    ];
    for (const [index, input] of expected.entries()) {
      await settle();
      assert.deepEqual(Array.from(stage.inferences[index + 1]?.input ?? []), input);
      stage.answer(index + 1, [1, 0, 0]);
      await settle();
    }
  });

  test("stays to be polled until the buffer is large enough", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    submit(model, 5);
    await settle();
    stage.answer(1, [1, 0, 0]);
    await settle();
    assert.equal(model.poll(RESULT, 31), -32);
    assert.equal(poll(stage, model).bytes, 32);
  });

  test("is looked for in the heap of this moment, after memory growth too", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    const grown = new Uint8Array(8192);
    stage.heap.bytes = grown;
    layPicture(stage, 100);
    submit(model, 1);
    await settle();
    assert.equal(stage.inferences[1]?.input[0], 100);
    stage.heap.bytes = new Uint8Array(8192);
    stage.answer(1, [1, 0, 0]);
    await settle();
    assert.equal(poll(stage, model).bytes, 32);
  });

  test("is refused with unknown flags, an impossible size or a place outside the heap", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    assert.equal(submit(model, 1, 64), SubmitCode.UNSUPPORTED);
    assert.equal(submit(model, 1, LINEAR), SubmitCode.UNSUPPORTED);
    assert.equal(model.submitTexture(1, 2, 2, RGB24, 1), SubmitCode.UNSUPPORTED);
    assert.equal(model.submitCamera(TOP_ROW_FIRST, 1), SubmitCode.UNSUPPORTED);
    for (const [width, height] of [[0, 2], [2, -1], [2, 1.5], [20000, 1]] as const) {
      assert.equal(model.submitPixels(PIXELS, width, height, 0, 1), SubmitCode.BAD_TEXTURE);
    }
    assert.equal(model.submitPixels(4090, 2, 2, 0, 1), SubmitCode.BAD_TEXTURE);
    assert.equal(model.submitPixels(-16, 2, 2, 0, 1), SubmitCode.BAD_TEXTURE);
    assert.equal(model.submitTexture(1, 2, 2, 0, 1), SubmitCode.NO_GL_CONTEXT);
    assert.equal(model.submitCamera(0, 1), SubmitCode.NOT_READY);
    assert.equal(stat(stage, model, "submitted"), 0);
  });

  test("gives way to a newer one while another is in flight", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    assert.deepEqual([1, 2, 3].map((frame) => submit(model, frame)), [SubmitCode.ACCEPTED, SubmitCode.QUEUED, SubmitCode.QUEUED]);
    await settle();
    stage.answer(1, [1, 0, 0]);
    await settle();
    await settle();
    assert.equal(poll(stage, model).frame, 1);
    stage.answer(2, [1, 0, 0]);
    await settle();
    assert.equal(poll(stage, model).frame, 3);
    assert.deepEqual(
      (["submitted", "finished", "dropped", "failed"] as const).map((name) => stat(stage, model, name)),
      [3, 2, 1, 0],
    );
  });

  test("that is queued is never dropped, up to the limit", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    const codes = Array.from({ length: QUEUE_LIMIT + 2 }, (_, frame) => submit(model, frame, QUEUE));
    assert.equal(codes[0], SubmitCode.ACCEPTED);
    assert.ok(codes.slice(1, -1).every((code) => code === SubmitCode.QUEUED));
    assert.equal(codes[codes.length - 1], SubmitCode.QUEUE_FULL);
  });

  test("whose inference fails is PREDICT_FAILED for this frame, and the model goes on", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    [1, 2].forEach((frame) => submit(model, frame, QUEUE));
    await settle();
    stage.inferences[1]?.gate.reject(new Error("no luck"));
    await settle();
    await settle();
    stage.answer(2, [0, 1, 0]);
    await settle();
    const failed = poll(stage, model);
    assert.deepEqual([failed.bytes, failed.frame, failed.floats], [-1, 1, []]);
    assert.equal(poll(stage, model).frame, 2);
    assert.deepEqual([model.state(), model.errorCode()], [State.READY, 108]);
    assert.ok(messageOf(stage, model).startsWith("An inference failed: no luck. "));
    assert.equal(stat(stage, model, "failed"), 1);
  });

  test("with scores that are not numbers has failed", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    submit(model, 1);
    await settle();
    stage.answer(1, [NaN, 0, 0]);
    await settle();
    assert.equal(poll(stage, model).bytes, -1);
  });
});

describe("the page", () => {
  const PICTURE = { width: 1, height: 1, rgba: Buffer.from([9, 8, 7, 255]).toString("base64") };

  test("predicts without touching the game's results, history or counts", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    const promise = model.predict(PICTURE);
    await settle();
    assert.deepEqual(Array.from(stage.inferences[1]?.input ?? []), [9, 8, 7, 9, 8, 7, 9, 8, 7, 9, 8, 7]);
    stage.answer(1, [0.25, 0.5, 0.25]);
    const prediction = await promise;
    assert.ok(prediction.task === "classification");
    assert.deepEqual(prediction.scores, [0.25, 0.5, 0.25]);
    assert.deepEqual(prediction.top, [{ index: 1, label: "dog", score: 0.5 }, { index: 0, label: "cat", score: 0.25 }]);
    assert.equal(prediction.path, "probe");
    assert.equal(model.poll(RESULT, 256), 0);
    assert.deepEqual(model.history, []);
    assert.deepEqual([stat(stage, model, "submitted"), stat(stage, model, "finished"), stat(stage, model, "path")], [0, 0, 0]);
  });

  test("sees the newest 32 predictions of the game, oldest first", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    for (let frame = 0; frame < 40; frame++) {
      submit(model, frame);
      await settle();
      stage.answer(frame + 1, [0, 0, 1]);
      await settle();
    }
    assert.deepEqual(model.history.map(({ frame }) => frame), Array.from({ length: 32 }, (_, index) => index + 8));
    assert.equal(model.history[0]?.path, "pixels");
  });

  test("is told what is wrong with its picture", async () => {
    const model = await new Stage().ready();
    await assert.rejects(model.predict({ ...PICTURE, rgba: "AAAA" }), /^PREDICT_FAILED: An inference failed: the picture is not usable, it has 3 bytes, not 4\./);
    await assert.rejects(model.predict({ ...PICTURE, rgba: "%%" }), /the picture is not usable, it is not base64\./);
    await assert.rejects(model.predict({ ...PICTURE, width: 0 }), /the picture is not usable, its size is 0x1\./);
  });
});

describe("dispose", () => {
  const phases: [string, (stage: Stage, model: Model) => Promise<void> | void][] = [
    ["right after Create", () => undefined],
    ["while the contract is fetched", () => settle()],
    ["while the network is loaded", (stage) => stage.downloaded()],
    ["during warm-up", (stage) => stage.loaded()],
    ["when ready", (stage, model) => stage.warmedUp(model)],
    [
      "with a frame that has not begun",
      async (stage, model) => {
        await stage.warmedUp(model);
        submit(model, 1);
      },
    ],
    [
      "during an inference, with others waiting",
      async (stage, model) => {
        await stage.warmedUp(model);
        [1, 2, 3].forEach((frame) => submit(model, frame, QUEUE));
        await settle();
      },
    ],
  ];
  for (const [name, reach] of phases) {
    test(`${name} ends everything and frees the network once`, async () => {
      const stage = new Stage();
      const model = stage.create();
      await reach(stage, model);
      model.dispose();
      model.dispose();
      assert.deepEqual([model.state(), model.phase], [State.DISPOSED, "disposed"]);
      assert.deepEqual(stage.forgotten, [model]);
      const asked = stage.networksAsked;
      stage.loading.resolve();
      await settle();
      const begun = stage.inferences.length;
      stage.inferences.forEach((_, index) => stage.answer(index, [1, 0, 0]));
      await settle();
      await settle();
      assert.equal(stage.inferences.length, begun, "no inference begins any more");
      assert.equal(stage.networksAsked, asked, "no network is loaded any more");
      assert.equal(stage.networksDisposed, asked);
      assert.equal(stage.listeners, 0);
      assert.deepEqual([model.state(), model.errorCode(), model.poll(RESULT, 256)], [State.DISPOSED, 0, 0]);
      assert.equal(submit(model, 9), SubmitCode.FAILED);
    });
  }

  test("waits with the weights until the inference in flight has ended", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    submit(model, 1);
    await settle();
    model.dispose();
    await settle();
    assert.equal(stage.networksDisposed, 0);
    stage.answer(1, [1, 0, 0]);
    await settle();
    assert.equal(stage.networksDisposed, 1);
  });

  test("refuses the page's predictions that have no answer yet", async () => {
    const stage = new Stage();
    const model = await stage.ready();
    const picture = { width: 1, height: 1, rgba: "AAAAAA==" };
    const refused = [model.predict(picture), model.predict(picture)].map((promise) => assert.rejects(promise, /was disposed, or failed/));
    await settle();
    model.dispose();
    await Promise.all(refused);
  });
});
