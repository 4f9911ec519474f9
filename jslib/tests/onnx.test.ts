import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ModelSpec } from "../src/generated/contract";
import { entryOf, Failure } from "../src/failure";
import { MODEL_FAILED } from "../src/generated/errors";
import type { Bytes } from "../src/fetching";
import { OnnxLibrary } from "../src/onnxruntime/library";
import type { Fed, OnnxRuntime, OnnxSession, WeightFile } from "../src/onnxruntime/session";
import type { Output } from "../src/tasks";
import { tinyContract } from "./support";

const AROUND = { scriptUrl: "runtime.js", fetch };

/** A 2x1 RGB picture in planes, without normalization. */
function planes(): ModelSpec {
  const { model } = tinyContract();
  const preprocess = { ...model.preprocess, width: 2, height: 1, layout: "NCHW" as const, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
  const weights = { path: "weights.data", bytes: 1, sha256: "0".repeat(64) };
  return { ...model, preprocess, files: { ...model.files, format: "onnx", shards: [weights] }, input: { ...model.input, shape: [-1, 3, 1, 2] } };
}

/** A session that gives what it is told, and what it was asked. */
class Recorded implements OnnxSession {
  readonly asked: unknown[] = [];
  released = 0;
  answer = (): Promise<Output[]> => Promise.resolve([]);

  run(inputs: Readonly<Record<string, Fed>>, outputs: readonly string[]): Promise<Output[]> {
    const entries = Object.entries(inputs).map(([name, { values, shape }]) => [name, Array.from(values), shape]);
    this.asked.push([entries, outputs]);
    return this.answer();
  }

  release(): Promise<void> {
    this.released += 1;
    return Promise.resolve();
  }
}

class Recording implements OnnxRuntime {
  readonly session = new Recorded();
  readonly opened: [Bytes, readonly WeightFile[]][] = [];

  open(model: Bytes, weights: readonly WeightFile[]): Promise<OnnxSession> {
    this.opened.push([model, weights]);
    return Promise.resolve(this.session);
  }
}

const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

describe("ONNX Runtime", () => {
  test("is started once, and again after a failure", async () => {
    let starts = 0;
    const library = new OnnxLibrary(() => (++starts === 1 ? Promise.reject(new Error("no network")) : Promise.resolve(new Recording())));
    await assert.rejects(library.open({ backend: "auto" }, AROUND), /no network/);
    const [one, other] = await Promise.all([library.open({ backend: "auto" }, AROUND), library.open({ backend: "wasm" }, AROUND)]);
    assert.equal(starts, 2);
    assert.deepEqual([one.library, one.backend, other.backend, one.memory()], ["onnxruntime", "wasm", "wasm", { tensors: 0, bytes: 0 }]);
  });

  test("has no webgl", async () => {
    const library = new OnnxLibrary(() => Promise.reject(new Error("it must not start")));
    await assert.rejects(library.open({ backend: "webgl" }, AROUND), (thrown) => thrown instanceof Failure && thrown.entry.id === "NO_BACKEND");
  });

  test("gets the model, its weights by their names, and pictures in planes; its session is released once, after the last answer", async () => {
    const runtime = new Recording();
    const library = new OnnxLibrary(() => Promise.resolve(runtime));
    await library.open({ backend: "auto" }, AROUND);
    const [model, data] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    const spec = planes();
    const network = await library.load({ topology: model, shards: [data] }, spec);
    assert.deepEqual(runtime.opened, [[model, [{ path: "weights.data", data }]]]);
    let finish = (_: Output[]): void => undefined;
    runtime.session.answer = () => new Promise((resolve) => (finish = resolve));
    const scores = network.outputs(Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255));
    network.dispose();
    network.dispose();
    await settled();
    assert.equal(runtime.session.released, 0);
    const answer = [{ shape: [1, 2], values: Float32Array.of(0.25, 0.75) }];
    finish(answer);
    assert.deepEqual(await scores, answer);
    await settled();
    assert.equal(runtime.session.released, 1);
    assert.deepEqual(runtime.session.asked, [[[["input", [1, 4, 2, 5, 3, 6], [1, 3, 1, 2]]], ["output"]]]);
    await assert.rejects(network.outputs(new Uint8Array(8)), /disposed/);
  });

  test("names operators that it lacks, as its messages do", () => {
    for (const [text, op] of [
      ["Can't create a session. ERROR_CODE: 1, ERROR_MESSAGE: Fatal error: example.test:Squash(-1) is not a registered function/op", "example.test:Squash"],
      ["ERROR_CODE: 9, ERROR_MESSAGE: Could not find an implementation for Squash(7) node with name 'a'", "Squash"],
    ] as const) {
      const { id, message } = entryOf(new Error(text), MODEL_FAILED);
      assert.equal(id, "UNSUPPORTED_OP");
      assert.ok(message.includes(`the operator ${op}, which ONNX Runtime Web 1.30 does not have`));
    }
  });
});
