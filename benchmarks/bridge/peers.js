// What the bridge is measured beside. Each peer gets the game of its lane and answers with a function that predicts.
"use strict";

// --- TensorFlow.js, as published --------------------------------------------------------------------------------------

async function startTensorFlow(setup) {
  await tfjsBench.loadScript(setup.urls.tf);
  tf.env().set("SOFTWARE_WEBGL_ENABLED", setup.softwareWebgl);
  await tf.setBackend(setup.backend);
  await tf.ready();
  if (tf.getBackend() !== setup.backend) throw new Error("TensorFlow.js chose the backend " + tf.getBackend());
  return setup.format === "graph-model" ? tf.loadGraphModel(setup.modelUrl) : tf.loadLayersModel(setup.modelUrl);
}

function normalized(levels, how) {
  const colored = how.color === "gray" ? levels.mul([0.299, 0.587, 0.114]).sum(-1, true) : levels;
  return colored.mul(how.scale).sub(how.mean).div(how.std).expandDims(0);
}

// The common tutorial's bridge: the game copies its picture to the CPU and hands over bytes, which are pushed, channel by
// channel, into an array; that becomes a tensor, and TensorFlow.js does the rest. WebGL reads back four bytes a pixel; to
// make three of them is left out, in the tutorial's favour.
tfjsBench.register("tutorial", async (setup, game) => {
  const model = await startTensorFlow(setup);
  const { gl } = game;
  const framebuffer = gl.createFramebuffer();
  let bytes = new Uint8Array(0);

  const readBack = ({ width, height }) => {
    if (bytes.length !== 4 * width * height) bytes = new Uint8Array(4 * width * height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, game.textures[1], 0);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  };

  const pushed = ({ width, height }) => {
    const values = [];
    for (let y = height - 1; y >= 0; y--) { // the bottom row comes first
      for (let x = 0; x < width; x++) {
        const place = 4 * (y * width + x);
        values.push(bytes[place]);
        values.push(bytes[place + 1]);
        values.push(bytes[place + 2]);
      }
    }
    return values;
  };

  const predict = async () => {
    const { size } = game;
    readBack(size);
    const scores = tf.tidy(() => {
      const picture = tf.tensor(pushed(size), [size.height, size.width, 3]);
      const { width: w, height: h } = setup.preprocess;
      return model.predict(normalized(tf.image.resizeBilinear(picture, [h, w]), setup.preprocess));
    });
    const values = await scores.data();
    scores.dispose();
    return tfjsBench.scoresOf(values, setup);
  };
  return new tfjsBench.Awaited(predict, () => tf.memory().numTensors);
});

// --- ONNX Runtime Web ---------------------------------------------------------------------------------------------------

// On a 2D canvas: the browser resizes, a loop normalizes into planes.
tfjsBench.register("onnxruntime", async (setup, game) => {
  await tfjsBench.loadScript(setup.urls.ort);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./", new URL(setup.urls.ort, location.href)).href;
  const session = await ort.InferenceSession.create(setup.urls.onnx, { executionProviders: [setup.backend] });
  const { width, height, mean, std, scale } = setup.preprocess;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const surface = canvas.getContext("2d", { willReadFrequently: true });
  const count = width * height;

  const input = () => {
    surface.drawImage(game.canvas, 0, 0, width, height);
    const { data } = surface.getImageData(0, 0, width, height);
    const values = new Float32Array(3 * count);
    for (let channel = 0; channel < 3; channel++) {
      for (let i = 0; i < count; i++) {
        values[channel * count + i] = (data[4 * i + channel] * scale - mean[channel]) / std[channel];
      }
    }
    return new ort.Tensor("float32", values, [1, 3, height, width]);
  };

  return new tfjsBench.Awaited(async () => {
    const answers = await session.run({ [session.inputNames[0]]: input() });
    return tfjsBench.scoresOf(answers[session.outputNames[0]].data, setup);
  });
});
