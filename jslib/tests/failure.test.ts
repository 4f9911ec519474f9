import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MODEL_FAILED } from "../src/generated/errors";
import { entryOf } from "../src/failure";

const entry = (text: string): string => {
  const { id, message } = entryOf(new Error(text), MODEL_FAILED);
  return `${id} ${message.slice(0, message.indexOf(". "))}`;
};

describe("what TensorFlow.js and browsers throw", () => {
  for (const text of [
    "Array buffer allocation failed",
    "WebAssembly.Memory.grow(): Unable to grow instance memory: out of memory",
    "Aborted(OOM). Build with -sASSERTIONS for more info",
    "Cannot enlarge memory arrays",
    "Invalid typed array length: 8589934592",
    "invalid array length",
  ]) {
    test(`"${text}" is OUT_OF_MEMORY`, () => assert.equal(entry(text), `OUT_OF_MEMORY The browser ran out of memory: ${text}`.replace(/\. .*$/, "")));
  }

  test("an operation, a layer or a kernel that is missing is UNSUPPORTED_OP and named", () => {
    const issue = "File an issue at https://github.com/tensorflow/tfjs/issues so we can add it, or register a custom execution";
    assert.equal(entry(`Unknown op 'Conv9D'. ${issue}`), "UNSUPPORTED_OP The model uses the operation Conv9D, which TensorFlow.js 4.22 does not have");
    assert.equal(
      entry("Unknown layer: Custom>Foo. This may be due to one of the following reasons"),
      "UNSUPPORTED_OP The model uses the layer Custom>Foo, which TensorFlow.js 4.22 does not have",
    );
    assert.match(
      entryOf(new Error("Kernel 'Einsum' not registered for backend 'wasm'"), MODEL_FAILED).message,
      /^The model uses the operation Einsum, which the wasm backend of TensorFlow\.js 4\.22 does not have\. /,
    );
  });

  test("anything else stays what it was", () => {
    for (const text of ["memory access out of bounds", "the array has 3 entries"]) {
      assert.equal(entry(text), `MODEL_FAILED The model could not be loaded: ${text}`);
    }
  });
});
