// Stands in for a Unity build with TfjsBridge: a canvas, `createUnityInstance`, and a page object whose "model" is a
// formula of the pixels. `?fault=NAME` breaks one thing. Nothing of the real runtime is used.
(function () {
  "use strict";
  var query = new URLSearchParams(location.search);
  var fault = query.get("fault") || "";
  var config = globalThis.tfjsBridgeConfig || {};
  var LABELS = ["red", "green", "blue"];
  var tensors = 5;
  var frame = 0;

  // The share of each channel in the light of the picture, lower rows counting more: not the same upside down.
  function formula(rgba, width, height) {
    var sums = [0, 0, 0];
    for (var y = 0; y < height; y++) {
      for (var x = 0; x < width; x++) {
        for (var c = 0; c < 3; c++) sums[c] += rgba[(y * width + x) * 4 + c] * (y + 1);
      }
    }
    var total = sums[0] + sums[1] + sums[2] || 1;
    return sums.map(function (sum) { return sum / total; });
  }

  function prediction(scores, path) {
    var order = [0, 1, 2].sort(function (a, b) { return scores[b] - scores[a]; });
    if (fault === "wrong-top") order.reverse();
    return {
      scores: scores,
      top: order.map(function (i) { return { index: i, label: LABELS[i], score: scores[i] }; }),
      path: path, frame: ++frame, executeMs: 1.5,
    };
  }

  function decode(image) {
    var text = atob(image.rgba), bytes = new Uint8Array(text.length);
    for (var i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    if (bytes.length !== image.width * image.height * 4) throw new Error("the picture has the wrong length");
    return bytes;
  }

  function predict(image) {
    if (fault === "hang") return new Promise(function () {});
    if (fault === "spin") for (;;);
    if (fault === "reject") return Promise.reject(new Error("An inference failed: \u001b[31mout of memory\u001b[0m."));
    if (fault === "leak") tensors++;
    if (fault === "grow") grow();
    var scores = formula(decode(image), image.width, image.height);
    if (fault === "nan") scores[1] = NaN;
    if (fault === "short") scores.pop();
    if (fault === "nonsense") return Promise.resolve({ scores: ["a lot"], path: "telepathy" });
    return Promise.resolve(prediction(scores, "probe"));
  }

  // What a soak must notice: everything grows with each prediction, and takes longer.
  var kept = [], grown = 0;
  function busy(ms) {
    for (var end = performance.now() + ms; performance.now() < end;);
  }
  function grow() {
    tensors++;
    grown++;
    for (var i = 0; i < 20000; i++) kept.push({ of: tensors, number: i });
    var gl = document.querySelector("canvas").getContext("webgl2");
    kept.push(gl.createTexture());
    gl.bindTexture(gl.TEXTURE_2D, kept[kept.length - 1]);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, 512, 512);
    busy(20 * grown);
  }

  function model(handle, slug) {
    return {
      handle: handle,
      contractUrl: "StreamingAssets/tfjs-bridge/" + slug + "/contract.json",
      contract: { contract: 1, model: { name: "Colors", slug: slug, labels: LABELS } },
      contractHash: "c0ffee".repeat(10) + "c0ff",
      phase: fault === "loading" ? "loading" : fault === "failed" ? "failed" : "ready",
      progressNow: fault === "loading" ? 0.4 : 1,
      error: fault === "failed" ? { code: 105, id: "HASH_MISMATCH", message: "model.json is not the file that was generated." } : null,
      backend: fault === "cpu" ? "cpu" : config.backend === "wasm" ? "wasm" : "webgl",
      get restingTensors() { return tensors; },
      history: [],
      predict: predict,
    };
  }

  function bridge() {
    var models = [model(1, "colors")];
    if (fault === "two-models") models.push(model(2, "shapes"));
    return { version: fault === "version" ? 2 : 1, abi: 1, generator: "0.1.0", renderer: "fake", models: models };
  }

  function draw(canvas) {
    var gl = canvas.getContext("webgl2");
    var step = 0;
    (function next() {
      if (grown) busy(8 * grown);
      gl.disable(gl.SCISSOR_TEST);
      gl.clearColor(0.1, 0.2, 0.4, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (fault !== "blank") {
        gl.enable(gl.SCISSOR_TEST);
        gl.scissor(40 + (step++ % 400), 100, 120, 120);
        gl.clearColor(0.9, 0.6, 0.1, 1);
        gl.clear(gl.COLOR_BUFFER_BIT);
      }
      requestAnimationFrame(next);
    })();
  }

  function watchCamera(target) {
    navigator.mediaDevices.getUserMedia({ video: true }).then(function (stream) {
      var video = document.createElement("video");
      var canvas = document.createElement("canvas");
      video.srcObject = stream;
      video.play();
      setInterval(function () {
        if (video.readyState < 2) return;
        canvas.width = video.videoWidth;
        canvas.height = video.videoHeight;
        var context = canvas.getContext("2d", { willReadFrequently: true });
        context.drawImage(video, 0, 0);
        var rgba = context.getImageData(0, 0, canvas.width, canvas.height).data;
        var scores = formula(rgba, canvas.width, canvas.height);
        if (fault === "unsteady" && frame % 2) scores.reverse();
        target.history.push(prediction(scores, "camera"));
        if (target.history.length > 32) target.history.shift();
      }, 30);
    });
  }

  var mischief = {
    dialogs: function () {
      alert("hello");
      confirm("really?");
      prompt("name?");
      window.onbeforeunload = function () { return "stay"; };
    },
    popups: function () { window.open("about:blank"); window.open("index.html?fault=popup-child"); },
    download: function () {
      var link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["x"]));
      link.download = "evil.exe";
      link.click();
    },
    flood: function () { for (var i = 0; i < 2000; i++) console.log("line " + i); console.error("x".repeat(5000000)); },
    markup: function () { console.error("[red]bold[/red] \u001b[2J \u202e evil \ud800"); },
    "page-error": function () { throw new TypeError("engine is undefined"); },
    network: function () {
      var target = query.get("target");
      fetch("http://" + target + "/fetch").catch(function () {});
      new Image().src = "http://" + target + "/image";
      new WebSocket("ws://" + target + "/socket");
      navigator.sendBeacon("http://" + target + "/beacon", "x");
      navigator.serviceWorker.register("worker.js").catch(function () {});
      var frame = document.createElement("iframe");
      frame.src = "http://" + target + "/frame";
      document.body.appendChild(frame);
      var peer = new RTCPeerConnection({ iceServers: [{ urls: "stun:" + target }] });
      peer.createDataChannel("x");
      peer.createOffer().then(function (offer) { return peer.setLocalDescription(offer); });
      fetch("http://example.com/by-name").catch(function () {});
    },
    "navigate-away": function () { location.href = "http://" + query.get("target") + "/page"; },
  };

  function start(canvas) {
    if (fault === "no-bridge") { draw(canvas); return Promise.resolve({}); }
    if (fault === "no-runtime") {
      var script = document.createElement("script");
      script.src = "StreamingAssets/tfjs-bridge/runtime/tfjs-bridge.000000000000.js";
      document.body.appendChild(script);
      draw(canvas);
      return Promise.resolve({});
    }
    draw(canvas);
    globalThis.tfjsBridge = bridge();
    if (query.get("source") === "camera") watchCamera(globalThis.tfjsBridge.models[0]);
    console.log("Colors is ready");
    return Promise.resolve({});
  }

  window.createUnityInstance = function (canvas) {
    if (fault === "never") return new Promise(function () {});
    if (fault === "missing-file") {
      return fetch("Build/absent.wasm").then(function (answer) { throw "Build/absent.wasm: " + answer.status; });
    }
    if (fault === "page-error") setTimeout(mischief[fault]);
    else if (mischief[fault]) mischief[fault]();
    return fault === "page-error" ? new Promise(function () {}) : start(canvas);
  };
})();
