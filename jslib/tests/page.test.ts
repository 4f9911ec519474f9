import assert from "node:assert/strict";
import { test } from "node:test";
import type { PageObject } from "../src/api";
import { ABI_VERSION, State } from "../src/generated/abi";
import { install, pageObject } from "../src/page";
import { Stage } from "./support";

function objectOf(stage: Stage): PageObject {
  return pageObject({ ...stage.environment, config: () => undefined, renderer: () => "a renderer" });
}

function create(page: PageObject, { creation }: Stage, handle: number): ReturnType<PageObject["create"]> {
  return page.create(handle, creation.contractUrl, creation.contractHash, creation.optionsJson, creation.host, creation.scriptUrl);
}

test("the page object says what it is, and cannot be changed", () => {
  const page = objectOf(new Stage());
  assert.deepEqual([page.version, page.abi, page.renderer, page.models], [1, ABI_VERSION, "a renderer", []]);
  assert.ok(Object.isFrozen(page));
});

test("it lists the models that live, in the order of their creation", async () => {
  const stage = new Stage();
  const page = objectOf(stage);
  const models = [3, 4, 5].map((handle) => create(page, stage, handle));
  models[1]?.dispose();
  assert.deepEqual(page.models.map(({ handle }) => handle), [3, 5]);
  for (const model of models) model.dispose();
  assert.deepEqual(page.models, []);
  assert.equal(models[0]?.state(), State.DISPOSED);
});

test("a failed model stays in the list until it is disposed", () => {
  const stage = new Stage({ contractUrl: "http://[" });
  const page = objectOf(stage);
  const model = create(page, stage, 1);
  assert.equal(page.models[0]?.phase, "failed");
  model.dispose();
  assert.deepEqual(page.models, []);
});

test("a runtime that is there already stays", () => {
  const first = objectOf(new Stage());
  const scope: { tfjsBridge?: PageObject } = {};
  install(scope, () => first);
  install(scope, () => assert.fail("a second one was made"));
  assert.equal(scope.tfjsBridge, first);
  assert.throws(() => {
    "use strict";
    scope.tfjsBridge = objectOf(new Stage());
  }, TypeError);
});
