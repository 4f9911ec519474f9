// Runs before the page's own scripts, in every frame: lets the harness hold the page's animation frames while it takes
// a picture. A heavy scene drawn in software otherwise fills the time that the picture needs with its own frames.
(() => {
  "use strict";
  const draw = globalThis.requestAnimationFrame, forget = globalThis.cancelAnimationFrame;
  const waiting = new Map();
  let held = false;

  const call = (callback, time) => {
    try {
      Reflect.apply(callback, globalThis, [time]);
    } catch (error) {
      reportError(error);
    }
  };

  globalThis.requestAnimationFrame = (callback) => {
    if (typeof callback !== "function") return Reflect.apply(draw, globalThis, [callback]);
    const id = Reflect.apply(draw, globalThis, [(time) => {
      if (held) waiting.set(id, callback);
      else Reflect.apply(callback, globalThis, [time]);
    }]);
    return id;
  };
  globalThis.cancelAnimationFrame = (id) => {
    waiting.delete(id);
    return Reflect.apply(forget, globalThis, [id]);
  };

  const hold = (wanted) => {
    held = wanted;
    if (held || !waiting.size) return;
    Reflect.apply(draw, globalThis, [(time) => {
      for (const [id, callback] of [...waiting]) if (waiting.delete(id)) call(callback, time);
    }]);
  };
  Object.defineProperty(globalThis, Symbol.for("tfjs-for-unity.frames"), { value: Object.freeze({ hold }) });
})();
