// For a soak alone; runs before the page's own scripts, in every frame: counts the bytes that WebGL objects hold, in
// all contexts, and how long frames take. An object that is collected without having been deleted counts no more.
(() => {
  "use strict";
  const MAX_FRAMES = 20000;
  let bytes = 0, frames = [], last = 0;
  const held = new WeakMap();  // object → Map of part (level, face) → bytes
  const gone = new FinalizationRegistry((parts) => { for (const size of parts.values()) bytes -= size; parts.clear(); });

  const hold = (object, part, size) => {
    if (!object || !Number.isFinite(size)) return;
    let parts = held.get(object);
    if (!parts) {
      held.set(object, parts = new Map());
      gone.register(object, parts);
    }
    bytes += size - (parts.get(part) || 0);
    parts.set(part, size);
  };

  const release = (object) => {
    const parts = object && held.get(object);
    if (!parts) return;
    for (const size of parts.values()) bytes -= size;
    parts.clear();
  };

  // Bytes of a pixel by internal format, named as in WebGL 2; what is not listed takes 4.
  const SIZES = {
    1: ["R8", "R8I", "R8UI", "R8_SNORM", "ALPHA", "LUMINANCE", "STENCIL_INDEX8"],
    2: ["R16F", "R16I", "R16UI", "RG8", "RG8I", "RG8UI", "RGB565", "RGBA4", "RGB5_A1", "DEPTH_COMPONENT16", "LUMINANCE_ALPHA"],
    3: ["RGB8", "SRGB8", "RGB"],
    8: ["RG32F", "RG32I", "RG32UI", "RGBA16F", "RGBA16I", "RGBA16UI", "DEPTH32F_STENCIL8"],
    12: ["RGB32F", "RGB32I", "RGB32UI"],
    16: ["RGBA32F", "RGBA32I", "RGBA32UI"],
  };
  const UNSIZED_FACTOR = { 5126: 4, 36193: 2, 5131: 2 };  // FLOAT, HALF_FLOAT_OES, HALF_FLOAT
  const UNSIZED = ["RGBA", "RGB", "ALPHA", "LUMINANCE", "LUMINANCE_ALPHA"];

  const table = (gl) => {
    const found = new Map();
    for (const [size, names] of Object.entries(SIZES)) for (const name of names) found.set(gl[name], Number(size));
    return found;
  };
  const tables = new WeakMap();
  const pixelBytes = (gl, format, type) => {
    if (!tables.has(gl)) tables.set(gl, table(gl));
    const factor = UNSIZED.some((name) => gl[name] === format) ? UNSIZED_FACTOR[type] || 1 : 1;
    return (tables.get(gl).get(format) || 4) * factor;
  };

  const texture = (gl, target) => {
    const cube = target === gl.TEXTURE_CUBE_MAP || (target >= 0x8515 && target <= 0x851a);
    const binding = cube ? gl.TEXTURE_BINDING_CUBE_MAP : target === gl.TEXTURE_3D ? gl.TEXTURE_BINDING_3D
      : target === gl.TEXTURE_2D_ARRAY ? gl.TEXTURE_BINDING_2D_ARRAY : gl.TEXTURE_BINDING_2D;
    return gl.getParameter(binding);
  };
  const levels = (count, width, height, depth) => {
    let pixels = 0;
    for (let n = 0; n < count; n++) pixels += Math.max(1, width >> n) * Math.max(1, height >> n) * depth;
    return pixels;
  };
  const faces = (gl, target) => target === gl.TEXTURE_CUBE_MAP ? 6 : 1;
  const bound = { 34962: 34964, 34963: 34965, 35051: 35053, 35052: 35055, 35345: 35368, 35982: 35983, 36662: 36662, 36663: 36663 };

  const after = {
    bufferData(gl, [target, content, , , length]) {
      const size = typeof content === "number" ? content : content ? length ? length * (content.BYTES_PER_ELEMENT || 1) : content.byteLength : 0;
      hold(gl.getParameter(bound[target]), 0, size);
    },
    texStorage2D(gl, [target, count, format, width, height]) {
      hold(texture(gl, target), "all", faces(gl, target) * levels(count, width, height, 1) * pixelBytes(gl, format));
    },
    texStorage3D(gl, [target, count, format, width, height, depth]) {
      hold(texture(gl, target), "all", levels(count, width, height, depth) * pixelBytes(gl, format));
    },
    texImage2D(gl, given) {
      const [target, level, format] = given, source = given[given.length - 1];
      const [width, height, type] = given.length > 6 ? [given[3], given[4], given[7]] :
        [source.videoWidth || source.width, source.videoHeight || source.height, given[4]];
      hold(texture(gl, target), `${target} ${level}`, width * height * pixelBytes(gl, format, type));
    },
    texImage3D(gl, [target, level, format, width, height, depth, , , type]) {
      hold(texture(gl, target), `${level}`, width * height * depth * pixelBytes(gl, format, type));
    },
    compressedTexImage2D(gl, [target, level, , , , , content]) {
      hold(texture(gl, target), `${target} ${level}`, typeof content === "number" ? content : content.byteLength);
    },
    renderbufferStorage(gl, [, format, width, height]) {
      hold(gl.getParameter(gl.RENDERBUFFER_BINDING), 0, width * height * pixelBytes(gl, format));
    },
    renderbufferStorageMultisample(gl, [, samples, format, width, height]) {
      hold(gl.getParameter(gl.RENDERBUFFER_BINDING), 0, Math.max(1, samples) * width * height * pixelBytes(gl, format));
    },
    deleteBuffer: (_, [object]) => release(object),
    deleteTexture: (_, [object]) => release(object),
    deleteRenderbuffer: (_, [object]) => release(object),
  };

  for (const kind of [globalThis.WebGLRenderingContext, globalThis.WebGL2RenderingContext]) {
    for (const [name, note] of Object.entries(after)) {
      const original = kind && kind.prototype[name];
      if (!original) continue;
      kind.prototype[name] = function (...given) {
        const answer = Reflect.apply(original, this, given);
        try {
          note(this, given);
        } catch { /* what cannot be read is not counted */ }
        return answer;
      };
    }
  }

  const tick = (now) => {
    if (last && frames.length < MAX_FRAMES) frames.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);

  // Since the last call.
  const read = () => {
    const sorted = frames.sort((a, b) => a - b);
    frames = [];
    return { gpu_bytes: bytes, frames: sorted.length, frame_ms: sorted.length ? sorted[Math.floor(sorted.length / 4)] : null };
  };
  Object.defineProperty(globalThis, Symbol.for("tfjs-for-unity.soak"), { value: Object.freeze({ read }) });
})();
