// A game of one picture that moves, and two ways to a mask or a styled picture in a texture of the game: this project's runtime,
// driven as the generated `.jslib` drives it, and TensorFlow.js as one writes it by hand. One at a time, in the same page.
"use strict";

var SIZE = { width: 640, height: 480 };
var READY = 1, LOADING = 0;

// --- the game ---------------------------------------------------------------------------------------------------------

var canvas = Object.assign(document.createElement("canvas"), SIZE);
var gl = canvas.getContext("webgl2", { antialias: false, alpha: false, preserveDrawingBuffer: true });
var textures = [];
var framebuffer = gl.createFramebuffer();
var photo = null; // RGBA, row 0 on top

function textureOf(format, width, height) {
  var texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
  textures.push(texture);
  return textures.length - 1;
}

// The photo, a few pixels further to the right with every frame, in the texture and on the canvas.
function draw(frame) {
  var shift = (4 * frame) % SIZE.width, row = SIZE.width * 4;
  gl.bindTexture(gl.TEXTURE_2D, textures[1]);
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_ROW_LENGTH, SIZE.width);
  gl.texSubImage2D(gl.TEXTURE_2D, 0, shift, 0, SIZE.width - shift, SIZE.height, gl.RGBA, gl.UNSIGNED_BYTE, photo);
  if (shift) {
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, shift, SIZE.height, gl.RGBA, gl.UNSIGNED_BYTE, photo, row - 4 * shift);
  }
  gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, framebuffer);
  gl.framebufferTexture2D(gl.READ_FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, textures[1], 0);
  gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
  gl.blitFramebuffer(0, 0, SIZE.width, SIZE.height, 0, 0, SIZE.width, SIZE.height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
  gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
}

function content(id, width, height) {
  var bytes = new Uint8Array(width * height * 4);
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, textures[id], 0);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  return bytes;
}

// --- ours -------------------------------------------------------------------------------------------------------------

var HEAP = new Uint8Array(1 << 16), RESULT = 1024;

function loadScript(url) {
  return new Promise(function (loaded, failed) {
    document.head.appendChild(Object.assign(document.createElement("script"), { src: url, onload: loaded, onerror: failed }));
  });
}

async function openBridge(setup) {
  globalThis.tfjsBridgeConfig = { softwareWebgl: true, backend: setup.backend, keep: false };
  if (!globalThis.tfjsBridge) await loadScript(setup.scriptUrl);
  var host = {
    heap: function () { return HEAP; },
    gl: function () { return gl; },
    texture: function (id) { return textures[id] || null; },
    cameras: function () { return []; }
  };
  var model = tfjsBridge.create(1, setup.contractUrl, setup.contractHash, "", host, setup.scriptUrl);
  while (model.state() === LOADING) await new Promise(function (done) { setTimeout(done, 50); });
  if (model.state() !== READY) throw new Error(tfjsBridge.models[0].error.message);
  var view = new DataView(HEAP.buffer, RESULT);
  return {
    ahead: 2,
    // The picture lies with its top row first.
    submit: function (frame) { return model.submitTexture(1, SIZE.width, SIZE.height, 1, frame) >= 0; },
    poll: function () {
      var bytes = model.poll(RESULT, 4096);
      if (bytes === 0) return false;
      if (bytes < 0) throw new Error(tfjsBridge.models[0].error.message);
      var code = model.pixelsToTexture(view.getInt32(8, true), setup.into, setup.result.width, setup.result.height);
      if (code !== 0) throw new Error("PixelsToTexture says " + code);
      return true;
    },
    dispose: function () { model.dispose(); }
  };
}

// --- plain TensorFlow.js ----------------------------------------------------------------------------------------------

async function openPlain(setup) {
  tf.env().set("SOFTWARE_WEBGL_ENABLED", true);
  tf.wasm.setWasmPaths("/own/@tensorflow/tfjs-backend-wasm/dist/");
  await tf.setBackend(setup.backend);
  await tf.ready();
  if (tf.getBackend() !== setup.backend) throw new Error("TensorFlow.js chose " + tf.getBackend());
  var model = await tf.loadGraphModel(setup.modelUrl);
  var input = setup.input, busy = false, done = false, failure = null;
  // Off webgl TensorFlow.js reads 2D canvases alone.
  var flat = Object.assign(document.createElement("canvas"), SIZE).getContext("2d", { willReadFrequently: true });
  var shown = function () {
    if (setup.backend === "webgl") return canvas;
    flat.drawImage(canvas, 0, 0);
    return flat.canvas;
  };
  // The canvas has row 0 on top, and the texture that it shows the other way round.
  var seen = function () {
    return tf.tidy(function () {
      var picture = tf.reverse(tf.browser.fromPixels(shown()), 0);
      return tf.image.resizeBilinear(picture, [input.height, input.width], false, true).mul(setup.scale).expandDims(0);
    });
  };
  var mask = function (scores) {
    var large = tf.image.resizeBilinear(scores, [SIZE.height, SIZE.width], false, true);
    return large.greaterEqual(0.5).mul(255).squeeze().reverse(0);
  };
  var picture = function (values) {
    return values.squeeze().sub(setup.low).mul(255 / (setup.high - setup.low)).clipByValue(0, 255).round().reverse(0);
  };
  var predict = async function () {
    var made = tf.tidy(function () { return (setup.kind === "mask" ? mask : picture)(model.execute(seen())).toInt(); });
    var values = await made.data();
    made.dispose();
    var one = setup.kind === "mask", count = setup.result.width * setup.result.height, bytes = new Uint8Array(count * (one ? 1 : 4));
    if (one) bytes.set(values);
    else for (var i = 0, at = 0; i < count; i++) {
      bytes[4 * i] = values[at++]; bytes[4 * i + 1] = values[at++]; bytes[4 * i + 2] = values[at++]; bytes[4 * i + 3] = 255;
    }
    gl.bindTexture(gl.TEXTURE_2D, textures[setup.into]);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, setup.result.width, setup.result.height, one ? gl.RED : gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  };
  return {
    ahead: 1,
    submit: function () {
      busy = true;
      predict().then(function () { busy = false; done = true; }, function (thrown) { failure = thrown; });
      return true;
    },
    poll: function () {
      if (failure) throw failure;
      var was = done;
      done = false;
      return was;
    },
    dispose: function () { model.dispose(); }
  };
}

// --- measuring --------------------------------------------------------------------------------------------------------

var opened = {}, number = 0;

function nextFrame() { return new Promise(requestAnimationFrame); }

// Frames of the game for `seconds`. A picture is submitted as soon as the one before is drawn; to the bridge one more, which waits
// and is read back meanwhile, as a game does that calls TrySubmit in its Update. Results a second.
async function run(contender, seconds, still) {
  var begun = performance.now(), results = 0, waiting = 0;
  for (;;) {
    await nextFrame();
    draw(still ? 0 : ++number);
    if (waiting && contender.poll()) {
      waiting -= 1;
      results += 1;
      if (performance.now() - begun > 1000 * seconds) break;
    }
    if (waiting < contender.ahead && contender.submit(++number)) waiting += 1;
  }
  return { results: results, perSecond: (1000 * results) / (performance.now() - begun) };
}

globalThis.bench = {
  start: function (base64) {
    photo = Uint8Array.from(atob(base64), function (c) { return c.charCodeAt(0); });
    textures.push(null);
    textureOf(gl.RGBA8, SIZE.width, SIZE.height);
  },
  open: async function (setup) {
    setup.into = textureOf(setup.kind === "mask" ? gl.R8 : gl.RGBA8, setup.result.width, setup.result.height);
    opened[setup.contender] = { setup: setup, is: await (setup.contender === "bridge" ? openBridge : openPlain)(setup) };
    await run(opened[setup.contender].is, 1, true);
    var one = opened[setup.contender];
    var bytes = content(setup.into, setup.result.width, setup.result.height);
    return btoa(bytes.reduce(function (text, byte) { return text + String.fromCharCode(byte); }, ""));
  },
  run: function (contender, seconds) { return run(opened[contender].is, seconds, false); }
};
