import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkedContract } from "../src/contract";
import { Failure } from "../src/failure";
import type { Contract } from "../src/generated/contract";
import { loadOptions } from "../src/options";
import { besideScript, contractUrlOf, fileUrl } from "../src/urls";
import { CONTRACT_URL, PAGE, tinyContract } from "./support";

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    return thrown.message;
  }
  return assert.fail("it should have failed");
}

/** The tiny contract with one value replaced; `path` is like "model.labels.0". */
function changed(path: string, value: unknown): unknown {
  const contract = structuredClone(tinyContract()) as unknown as Record<string, unknown>;
  const keys = path.split(".");
  const last = keys.pop() as string;
  const owner = keys.reduce((node, key) => node[key] as Record<string, unknown>, contract);
  owner[last] = value;
  return contract;
}

const RATIO = { name: "ratio", shape: [1], dtype: "float32" };

describe("a contract", () => {
  test("of this version and shape is taken as it is", () => {
    const contract = tinyContract();
    assert.equal(checkedContract(CONTRACT_URL, contract), contract);
  });

  test("of another version is BAD_CONTRACT", () => {
    assert.equal(
      messageOf(() => checkedContract(CONTRACT_URL, changed("contract", 2))),
      `${CONTRACT_URL} is a contract that this runtime cannot read: its version is 2, and that of the runtime script 1. ` +
        "It was written by a version of tfjs-for-unity that does not fit this runtime. " +
        "Run `tfjs-for-unity generate` again for this model and rebuild the player.",
    );
  });

  test("of another ABI is ABI_MISMATCH", () => {
    assert.match(messageOf(() => checkedContract(CONTRACT_URL, changed("abi", 9))), /^ABI 9 of https:.*\/tiny\/contract\.json does not fit ABI 1 of the runtime script\. .* publish Build and StreamingAssets together\.$/);
  });

  for (const value of [null, 3, "contract", []]) {
    test(`cannot be ${JSON.stringify(value)}`, () => {
      assert.match(messageOf(() => checkedContract(CONTRACT_URL, value)), /its version is undefined, and that of the runtime script 1/);
    });
  }

  const wrong: [path: string, value: unknown, reason: string][] = [
    ["model", undefined, "$.model is not an object"],
    ["model.task", "detection", "$.model.task is not an object"],
    ["model.task.kind", "guessing", "$.model.task.kind is not one of classification, detection, image, raw, segmentation"],
    ["model.task", { kind: "raw" }, "$.model.labels has entries, which raw numbers do not have"],
    ["model.outputs", [], "$.model.outputs has no entries"],
    ["model.extra_inputs", [{ kind: "noise" }], "$.model.extra_inputs[0].kind is not one of fixed, feedback, given"],
    ["model.extra_inputs", [{ kind: "feedback", tensor: RATIO, output: 1 }], "$.model.extra_inputs[0].output is none of $.model.outputs"],
    ["model.extra_inputs", [{ kind: "fixed", tensor: RATIO, values: [1, 2] }], "$.model.extra_inputs[0].values does not fill $.model.extra_inputs[0].tensor.shape"],
    ["model.labels", "cat", "$.model.labels is not a list"],
    ["model.labels.1", "", "$.model.labels[1] is not a text"],
    ["model.files.format", "tflite", "$.model.files.format is not one of graph-model, layers-model, onnx"],
    ["model.files.shards.0.bytes", -1, "$.model.files.shards[0].bytes is not a whole number from 0"],
    ["model.files.topology.sha256", "abc", "$.model.files.topology.sha256 is not a SHA-256 in hex"],
    ["model.preprocess.width", 5000, "$.model.preprocess.width is not a size of 1 to 4096"],
    ["model.preprocess.std", [1, 0, 1], "$.model.preprocess.std[1] is not a number above 0"],
    ["model.preprocess.mean", [0], "$.model.preprocess.mean has 1 entries, not 3"],
    ["model.preprocess.color", "gray", "$.model.preprocess.mean has 3 entries, not 1"],
    ["model.preprocess.channel_order", "grb", "$.model.preprocess.channel_order is not one of rgb, bgr"],
    ["model.preprocess.layout", "CHW", "$.model.preprocess.layout is not one of NHWC, NCHW"],
    ["model.preprocess.layout", "NCHW", "$.model.input.shape does not fit $.model.preprocess"],
    ["model.input.dtype", "uint8", "$.model.input.dtype is not one of float32, int32"],
    ["model.outputs.0.dtype", "int32", "$.model.outputs[0].dtype is not float32"],
    ["model.outputs.0.shape", [-1, 4], "$.model.outputs[0].shape does not fit $.model.labels"],
    ["model.task.skip_first", 1, "$.model.outputs[0].shape does not fit $.model.labels"],
    ["model.task.skip_first", -1, "$.model.task.skip_first is not a whole number from 0"],
    ["model.task.activation", "sigmoid", "$.model.task.activation is not one of none, softmax"],
    ["model.preprocess.scale", null, "$.model.preprocess.scale is not a number above 0"],
    ["model.preprocess.pad", [0, 0], "$.model.preprocess.pad has 2 entries, not 3"],
    ["model.input.shape", [-1, 3, 2, 3], "$.model.input.shape does not fit $.model.preprocess"],
    ["model.task.top_k", 4, "$.model.task.top_k is more than there are labels"],
    ["model.task.top_k", 0, "$.model.task.top_k is not a whole number from 1"],
  ];
  for (const [path, value, reason] of wrong) {
    test(`with ${path} = ${JSON.stringify(value)} is BAD_CONTRACT`, () => {
      const message = messageOf(() => checkedContract(CONTRACT_URL, changed(path, value)));
      assert.ok(message.includes(`cannot read: ${reason}. `), message);
    });
  }
});

describe("a contract for whole numbers", () => {
  function integers(change: Partial<Contract["model"]["preprocess"]>): Contract {
    const contract = tinyContract();
    contract.model.input.dtype = "int32";
    Object.assign(contract.model.preprocess, change);
    return contract;
  }

  test("hands 0..255 over as they are", () => {
    assert.ok(checkedContract(CONTRACT_URL, integers({})));
  });

  for (const change of [{ scale: 1 / 255 }, { mean: [0, 0, 1] }, { std: [2, 1, 1] }]) {
    test(`cannot have ${JSON.stringify(change)}`, () => {
      const message = messageOf(() => checkedContract(CONTRACT_URL, integers(change)));
      assert.ok(message.includes("$.model.preprocess gives no whole numbers for $.model.input.dtype"), message);
    });
  }
});

describe("a contract for gray pictures", () => {
  test("has no channel order", () => {
    const contract = tinyContract();
    Object.assign(contract.model.preprocess, { color: "gray", channel_order: "bgr", mean: [0], std: [1] });
    contract.model.input.shape = [-1, 2, 2, 1];
    assert.match(messageOf(() => checkedContract(CONTRACT_URL, contract)), /channel_order is for colour only/);
  });
});

describe("URLs", () => {
  test("of contracts are relative to the page's own address", () => {
    assert.equal(contractUrlOf("StreamingAssets/tfjs-bridge/tiny/contract.json", PAGE), CONTRACT_URL);
    assert.equal(contractUrlOf("https://cdn.example/a/contract.json", PAGE), "https://cdn.example/a/contract.json");
  });

  test("of files are relative to the contract, with every name encoded", () => {
    const folder = "https://game.example/play/StreamingAssets/tfjs-bridge/tiny";
    assert.equal(fileUrl(CONTRACT_URL, "model.json"), `${folder}/model.json`);
    assert.equal(fileUrl(CONTRACT_URL, "w/100% #1?.bin"), `${folder}/w/100%25%20%231%3F.bin`);
    assert.equal(fileUrl(CONTRACT_URL, "../runtime/x.wasm"), "https://game.example/play/StreamingAssets/tfjs-bridge/runtime/x.wasm");
  });

  for (const path of ["", "/etc/passwd", "../secret", "../runtime/../../x", "a/../../b", "a//b", "./a", "https://evil.example/x", "//evil.example/x", "a\\..\\b", "\\\\evil"]) {
    test(`of the path ${JSON.stringify(path)} is refused`, () => {
      assert.match(messageOf(() => fileUrl(CONTRACT_URL, path)), /leaves its folder/);
    });
  }

  test("of the wasm file lies beside the script, without its query", () => {
    assert.equal(besideScript("runtime/s.js?v=1", PAGE, "a.wasm"), "https://game.example/play/runtime/a.wasm");
  });
});

describe("options", () => {
  test("are empty text or JSON with a backend, and the page's configuration wins", () => {
    assert.deepEqual(loadOptions("", undefined), { backend: "auto", softwareWebgl: false, keep: true });
    assert.deepEqual(loadOptions('{"backend":"wasm"}', undefined), { backend: "wasm", softwareWebgl: false, keep: true });
    assert.deepEqual(loadOptions('{"backend":"wasm"}', { backend: "webgl", softwareWebgl: true }), { backend: "webgl", softwareWebgl: true, keep: true });
    assert.equal(loadOptions('{"keep":false}', undefined).keep, false);
    assert.equal(loadOptions('{"keep":false}', { keep: true }).keep, true);
  });

  test("that cannot be read are BAD_OPTIONS", () => {
    const prefix = "The options handed to Create are not valid: ";
    assert.ok(messageOf(() => loadOptions("{", undefined)).startsWith(`${prefix}they are not JSON. `));
    assert.ok(messageOf(() => loadOptions("[]", undefined)).startsWith(`${prefix}they are not a JSON object. `));
    assert.ok(messageOf(() => loadOptions('{"Backend":"wasm"}', undefined)).startsWith(`${prefix}there is no option Backend. `));
    assert.ok(messageOf(() => loadOptions('{"keep":"no"}', undefined)).startsWith(`${prefix}keep is neither true nor false. `));
  });

  test("with a backend that does not exist are NO_BACKEND", () => {
    const message = messageOf(() => loadOptions('{"backend":"cuda"}', undefined));
    assert.ok(message.startsWith("The backend cuda is not to be had: it is none of auto, webgl, wasm. "), message);
  });
});
