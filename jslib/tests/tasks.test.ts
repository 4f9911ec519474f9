import assert from "node:assert/strict";
import { describe, test } from "node:test";
import "../src/parts/tasks/classification";
import { checkTask } from "../src/tasks";

describe("a runtime with one task", () => {
  test("takes a contract of that task", () => {
    checkTask({ kind: "classification", activation: "none", skip_first: 0, top_k: 1 }, "$.task");
  });

  test("says that it was generated without another one", () => {
    assert.throws(() => checkTask({ kind: "raw" }, "$.task"), /^Error: \$\.task\.kind is raw, and the runtime script was generated without it$/);
  });

  test("knows no task that there is not", () => {
    assert.throws(() => checkTask({ kind: "toString" }, "$.task"), /^Error: \$\.task\.kind is not one of classification$/);
  });
});
