// Runs before a player's own scripts. Gives tests `game`: the player's exports, its GL context and what happens on it.
"use strict";

var game = globalThis.game = {
  module: null, gl: null, objects: {}, hooks: {}, differences: [], glErrors: [], hashes: {}, computing: []
};

// The player's instance, which no template exposes. A function declaration hides an accessor, so wrap it after its script.
document.addEventListener("load", function (event) {
  if (event.target.tagName !== "SCRIPT" || !/\.loader\.js$/.test(event.target.src)) return;
  var start = window.createUnityInstance;
  window.createUnityInstance = async function () {
    var instance = await start.apply(this, arguments);
    game.module = instance.Module;
    game.module.playerHook = function (point) { game.hooks[point] && game.hooks[point](); };
    return instance;
  };
}, true);

// Counts the GL objects that live on the player's own context.
var KINDS = ["Buffer", "Framebuffer", "Program", "Query", "Renderbuffer", "Sampler", "Shader", "Texture",
  "TransformFeedback", "VertexArray"];
function countObjects(gl) {
  KINDS.forEach(function (kind) {
    var create = gl["create" + kind], remove = gl["delete" + kind];
    game.objects[kind] = 0;
    gl["create" + kind] = function () { game.objects[kind]++; return create.apply(gl, arguments); };
    gl["delete" + kind] = function (object) { if (object) game.objects[kind]--; return remove.apply(gl, arguments); };
  });
  var fence = gl.fenceSync, forget = gl.deleteSync;
  game.objects.Sync = 0;
  gl.fenceSync = function () { game.objects.Sync++; return fence.apply(gl, arguments); };
  gl.deleteSync = function (sync) { if (sync) game.objects.Sync--; return forget.apply(gl, arguments); };
}
var getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function () {
  var context = getContext.apply(this, arguments);
  if (context && this.id === "unity-canvas" && !game.gl) countObjects(game.gl = context);
  if (context && this.id !== "unity-canvas" && arguments[0] === "webgl2") {
    game.computing.push(context);
  }
  return context;
};

// Takes the GPU away from whatever computes beside the game.
game.lose = function () {
  game.computing.filter(function (gl) { return !gl.isContextLost(); }).forEach(function (gl) {
    gl.getExtension("WEBGL_lose_context").loseContext();
  });
};

// --- the whole state of the context ------------------------------------------------------------------------------

var PARAMETERS = ("ACTIVE_TEXTURE ARRAY_BUFFER_BINDING BLEND BLEND_COLOR BLEND_DST_ALPHA BLEND_DST_RGB " +
  "BLEND_EQUATION_ALPHA BLEND_EQUATION_RGB BLEND_SRC_ALPHA BLEND_SRC_RGB COLOR_CLEAR_VALUE COLOR_WRITEMASK " +
  "COPY_READ_BUFFER_BINDING COPY_WRITE_BUFFER_BINDING CULL_FACE CULL_FACE_MODE CURRENT_PROGRAM DEPTH_CLEAR_VALUE " +
  "DEPTH_FUNC DEPTH_RANGE DEPTH_TEST DEPTH_WRITEMASK DITHER DRAW_FRAMEBUFFER_BINDING ELEMENT_ARRAY_BUFFER_BINDING " +
  "FRAGMENT_SHADER_DERIVATIVE_HINT FRONT_FACE GENERATE_MIPMAP_HINT LINE_WIDTH PACK_ALIGNMENT PACK_ROW_LENGTH " +
  "PACK_SKIP_PIXELS PACK_SKIP_ROWS PIXEL_PACK_BUFFER_BINDING PIXEL_UNPACK_BUFFER_BINDING POLYGON_OFFSET_FACTOR " +
  "POLYGON_OFFSET_FILL POLYGON_OFFSET_UNITS RASTERIZER_DISCARD READ_FRAMEBUFFER_BINDING RENDERBUFFER_BINDING " +
  "SAMPLE_ALPHA_TO_COVERAGE SAMPLE_COVERAGE SAMPLE_COVERAGE_INVERT SAMPLE_COVERAGE_VALUE SCISSOR_BOX SCISSOR_TEST " +
  "STENCIL_BACK_FAIL STENCIL_BACK_FUNC STENCIL_BACK_PASS_DEPTH_FAIL STENCIL_BACK_PASS_DEPTH_PASS STENCIL_BACK_REF " +
  "STENCIL_BACK_VALUE_MASK STENCIL_BACK_WRITEMASK STENCIL_CLEAR_VALUE STENCIL_FAIL STENCIL_FUNC " +
  "STENCIL_PASS_DEPTH_FAIL STENCIL_PASS_DEPTH_PASS STENCIL_REF STENCIL_TEST STENCIL_VALUE_MASK STENCIL_WRITEMASK " +
  "TRANSFORM_FEEDBACK_ACTIVE TRANSFORM_FEEDBACK_BINDING TRANSFORM_FEEDBACK_BUFFER_BINDING TRANSFORM_FEEDBACK_PAUSED " +
  "UNIFORM_BUFFER_BINDING UNPACK_ALIGNMENT UNPACK_COLORSPACE_CONVERSION_WEBGL UNPACK_FLIP_Y_WEBGL UNPACK_IMAGE_HEIGHT " +
  "UNPACK_PREMULTIPLY_ALPHA_WEBGL UNPACK_ROW_LENGTH UNPACK_SKIP_IMAGES UNPACK_SKIP_PIXELS UNPACK_SKIP_ROWS " +
  "VERTEX_ARRAY_BINDING VIEWPORT READ_BUFFER DRAW_BUFFER0").split(" ");
var UNIT_PARAMETERS = "TEXTURE_BINDING_2D TEXTURE_BINDING_2D_ARRAY TEXTURE_BINDING_3D TEXTURE_BINDING_CUBE_MAP SAMPLER_BINDING"
  .split(" ");
var TEXTURE_PARAMETERS = ("TEXTURE_BASE_LEVEL TEXTURE_COMPARE_FUNC TEXTURE_COMPARE_MODE TEXTURE_MAG_FILTER " +
  "TEXTURE_MAX_LEVEL TEXTURE_MAX_LOD TEXTURE_MIN_FILTER TEXTURE_MIN_LOD TEXTURE_WRAP_R TEXTURE_WRAP_S TEXTURE_WRAP_T")
  .split(" ");
var ATTRIBUTE_PARAMETERS = ("VERTEX_ATTRIB_ARRAY_BUFFER_BINDING VERTEX_ATTRIB_ARRAY_DIVISOR VERTEX_ATTRIB_ARRAY_ENABLED " +
  "VERTEX_ATTRIB_ARRAY_INTEGER VERTEX_ATTRIB_ARRAY_NORMALIZED VERTEX_ATTRIB_ARRAY_SIZE VERTEX_ATTRIB_ARRAY_STRIDE " +
  "VERTEX_ATTRIB_ARRAY_TYPE").split(" ");
// Copies of state that Emscripten keeps on the context.
var SHADOWS = ["currentProgram", "currentArrayBufferBinding", "currentElementArrayBufferBinding",
  "currentPixelPackBufferBinding", "currentPixelUnpackBufferBinding"];

function plain(value) { return value && value.length !== undefined ? Array.from(value).join() : value; }

function unitState(gl, state) {
  var active = gl.getParameter(gl.ACTIVE_TEXTURE), units = gl.getParameter(gl.MAX_COMBINED_TEXTURE_IMAGE_UNITS);
  for (var unit = 0; unit < units; unit++) {
    gl.activeTexture(gl.TEXTURE0 + unit);
    UNIT_PARAMETERS.forEach(function (name) { state.set(name + " " + unit, gl.getParameter(gl[name])); });
    if (!gl.getParameter(gl.TEXTURE_BINDING_2D)) continue;
    TEXTURE_PARAMETERS.forEach(function (name) {
      state.set(name + " " + unit, gl.getTexParameter(gl.TEXTURE_2D, gl[name]));
    });
  }
  gl.activeTexture(active);
}

function attributeState(gl, state) {
  for (var index = 0; index < gl.getParameter(gl.MAX_VERTEX_ATTRIBS); index++) {
    ATTRIBUTE_PARAMETERS.forEach(function (name) {
      state.set(name + " " + index, gl.getVertexAttrib(index, gl[name]));
    });
    state.set("CURRENT_VERTEX_ATTRIB " + index, plain(gl.getVertexAttrib(index, gl.CURRENT_VERTEX_ATTRIB)));
  }
}

function glState() {
  var gl = game.gl, state = new Map();
  PARAMETERS.forEach(function (name) { state.set(name, plain(gl.getParameter(gl[name]))); });
  unitState(gl, state);
  attributeState(gl, state);
  for (var i = 0; i < 8; i++) state.set("UNIFORM_BUFFER " + i, gl.getIndexedParameter(gl.UNIFORM_BUFFER_BINDING, i));
  SHADOWS.forEach(function (name) { state.set(name, gl[name]); });
  return state;
}

function compare(before, after, where) {
  after.forEach(function (value, name) {
    if (!Object.is(value, before.get(name))) game.differences.push(where + ": " + name);
  });
}

// With `on`, compares the state across every call into the bridge, and across the time between two frames.
game.watch = function (on) {
  var before = null, left = null;
  var noteError = function () {
    var code = game.gl.getError();
    if (code) game.glErrors.push(code);
  };
  game.hooks = { 3: game.record };
  if (!on) return;
  game.hooks[0] = function () { if (left) compare(left, glState(), "between frames"); };
  game.hooks[1] = function () { noteError(); before = glState(); };
  game.hooks[2] = function () { noteError(); compare(before, glState(), "in a call"); };
  game.hooks[3] = function () { left = glState(); game.record(); };
};

// --- what was drawn -----------------------------------------------------------------------------------------------

// One number for the frame that the player read back, by the phase of its animation.
game.record = function () {
  var module = game.module, gl = game.gl, at = module._player_captured() >>> 2;
  if (!at) return;
  var pixels = new Uint32Array(module.HEAPU8.buffer).subarray(at, at + gl.drawingBufferWidth * gl.drawingBufferHeight);
  var hash = 2166136261, colors = new Set();
  for (var i = 0; i < pixels.length; i++) {
    hash = Math.imul(hash ^ pixels[i], 16777619);
    if (i % 97 === 0) colors.add(pixels[i]);
  }
  var phase = module._player_frame() % 30;
  (game.hashes[phase] = game.hashes[phase] || []).push(hash);
  game.colors = colors.size;
};

// --- driving the player -------------------------------------------------------------------------------------------

function withText(texts, action) {
  var module = game.module, pointers = texts.map(function (text) {
    var bytes = new TextEncoder().encode(text + "\0"), pointer = module._malloc(bytes.length);
    module.HEAPU8.set(bytes, pointer);
    return pointer;
  });
  action.apply(null, pointers);
  pointers.forEach(module._free);
}

game.create = function (url, hash, options) {
  withText([url, hash, options], game.module._player_create);
};

// A model that the game does not know of: its host lends nothing but memory.
game.createSecond = function (url, hash) {
  var memory = new Uint8Array(65536), none = function () { return null; };
  var host = { heap: function () { return memory; }, gl: none, texture: none, cameras: function () { return []; } };
  var script = document.querySelector("script[data-tfjs-bridge]").src;
  game.second = tfjsBridge.create(1000, new URL(url, document.URL).href, hash, "", host, script);
};

game.message = function (name) {
  var module = game.module, at = module._malloc(4096), length = module["_player_" + (name || "message")](at, 4096);
  var text = new TextDecoder().decode(module.HEAPU8.slice(at, at + Math.max(length, 0)));
  module._free(at);
  return text;
};

// `rgba` is base64, the bottom row first.
game.setPicture = function (picture) {
  var module = game.module, bytes = Uint8Array.from(atob(picture.rgba), function (c) { return c.charCodeAt(0); });
  var at = module._malloc(bytes.length);
  module.HEAPU8.set(bytes, at);
  module._player_set_picture(at, picture.width, picture.height);
  module._free(at);
};

// What the newest result's pixels are: their size, what PixelsToTexture said, and in base64 what CopyPixels gave and what lies in
// the texture (RGBA), the bottom row first.
game.pixels = function () {
  var module = game.module, field = module._player_pixels;
  var size = { width: field(0), height: field(1), channels: field(2) }, count = size.width * size.height;
  var text = function (at, length) {
    return btoa(module.HEAPU8.slice(at, at + length).reduce(function (text, byte) { return text + String.fromCharCode(byte); }, ""));
  };
  var copied = module._player_copied_pixels();
  size.copied = copied ? text(copied, count * size.channels) : null;
  size.drawn = text(module._player_texture_pixels(), count * 4);
  size.frame = field(3);
  size.code = field(4);
  return size;
};

// RGBA, the bottom row first, in base64.
function pixelsAt(at, width, height) {
  var bytes = game.module.HEAPU8.slice(at, at + width * height * 4);
  return btoa(bytes.reduce(function (text, byte) { return text + String.fromCharCode(byte); }, ""));
}

// What the camera was copied into.
game.cameraPixels = function (width, height) {
  return pixelsAt(game.module._player_camera_pixels(), width, height);
};

// What the model saw last, or null.
game.input = function (width, height) {
  var at = game.module._player_input(width * height * 4);
  return at ? pixelsAt(at, width, height) : null;
};

game.result = function () {
  var at = game.module._player_last_result(), view = new DataView(game.module.HEAPU8.buffer, at);
  var count = view.getInt32(12, true), pairs = [];
  for (var i = 0; i < count; i += 2) {
    pairs.push([view.getFloat32(16 + 4 * i, true), view.getFloat32(20 + 4 * i, true)]);
  }
  return { version: view.getInt32(0, true), task: view.getInt32(4, true), frame: view.getInt32(8, true), pairs: pairs };
};

game.stats = function () {
  var at = game.module._player_stats();
  return Array.from(new Float32Array(game.module.HEAPU8.buffer.slice(at, at + 128)));
};

game.until = async function (condition) {
  while (!condition()) await new Promise(requestAnimationFrame);
};

game.number = 1000000;
game.predict = async function (mode, flags) {
  var module = game.module, number = ++game.number;
  module._player_set_mode(mode);
  module._player_set_flags(flags);
  module._player_request(number);
  await game.until(function () { return game.result().frame === number || module._player_state() !== 1; });
  return game.result();
};

game.frames = async function (count) {
  var end = game.module._player_frame() + count;
  await game.until(function () { return game.module._player_frame() >= end; });
};
