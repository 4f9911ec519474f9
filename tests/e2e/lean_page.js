// Games without a player, one after the other: each has a frame with a page object, and so a runtime, of its own.

const nothing = function () { return null; };

function host() {
  const memory = new Uint8Array(65536);
  return { heap: function () { return memory; }, gl: nothing, texture: nothing, cameras: function () { return []; } };
}

async function opened(script, backend) {
  const frame = document.createElement("iframe");
  await new Promise(function (done) {
    frame.onload = done;
    frame.src = "frame.html";
    document.body.appendChild(frame);
  });
  frame.contentWindow.tfjsBridgeConfig = { backend: backend, softwareWebgl: true, keep: false };
  const element = frame.contentDocument.createElement("script");
  await new Promise(function (done) {
    element.onload = element.onerror = done;
    element.src = script;
    frame.contentDocument.head.appendChild(element);
  });
  return frame;
}

async function settled(model) {
  while (model.phase === "loading") await new Promise(function (done) { setTimeout(done, 5); });
  return model.error;
}

// The scores of the model for `image`, or the error that its game would see.
async function predicted(game, backend, image) {
  const script = new URL(game.script, document.URL).href, contract = new URL(game.contract, document.URL).href;
  const frame = await opened(script, backend);
  const model = frame.contentWindow.tfjsBridge.create(1, contract, game.hash, "", host(), script);
  const error = await settled(model);
  const scores = error ? null : (await model.predict(image)).scores;
  const found = { error: error, scores: scores, backend: model.backend };
  model.dispose();
  frame.remove();
  return found;
}
