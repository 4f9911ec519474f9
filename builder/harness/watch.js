// Runs before the page's own scripts, in every frame: notes how Unity's loaders are called and what becomes of it.
// Nothing is changed for the page: the same arguments go in, the same values come out.
(() => {
  "use strict";
  const MAX_STARTS = 8, MAX_NOTES = 20, MAX_TEXT = 2000;
  const starts = [], complaints = [], stops = [], wrapped = new WeakSet();

  const text = (value) => {
    try {
      return String((value && value.message) || value).slice(0, MAX_TEXT);
    } catch {
      return "a value without text";
    }
  };

  const note = (list, value) => {
    const said = text(value);
    if (list.length < MAX_NOTES && !list.includes(said)) list.push(said);
  };

  const begin = (api, canvas, files) => {
    const start = { api, canvas, files, progress: 0, phase: "loading", reason: "" };
    if (starts.length < MAX_STARTS) starts.push(start);
    return start;
  };

  const fail = (start, reason) => {
    start.phase = "failed";
    start.reason = text(reason);
  };

  const paths = (config) => Object.entries(config || {})
    .filter(([key, value]) => /Url$/.test(key) && key !== "streamingAssetsUrl" && typeof value === "string")
    .map(([, value]) => new URL(value, document.baseURI).pathname.slice(0, MAX_TEXT)).slice(0, 16);

  // --- 2020 and later ---

  const listeningBanner = (banner) => function (message, type) {
    if (type === "error") note(complaints, message);
    return Reflect.apply(banner, this, arguments);
  };

  const wrapCreate = (original) => function (canvas, config, onProgress) {
    const start = begin("createUnityInstance", canvas, paths(config));
    if (config && typeof config.showBanner === "function") config.showBanner = listeningBanner(config.showBanner);
    const report = function (progress) {
      start.progress = progress;
      return typeof onProgress === "function" ? Reflect.apply(onProgress, this, arguments) : undefined;
    };
    let made;
    try {
      made = Reflect.apply(original, this, [canvas, config, report]);
    } catch (error) {
      fail(start, error);
      throw error;
    }
    Promise.resolve(made).then(() => { start.phase = "started"; }, (reason) => fail(start, reason));
    return made;
  };

  // --- 2018 and 2019 ---

  const listenToInstance = (start, instance) => {
    const { onProgress, popup } = instance;
    instance.onProgress = function (_, progress) {
      start.progress = progress;
      start.canvas = instance.Module && instance.Module.canvas;
      if (progress === 1) start.phase = "started";
      return typeof onProgress === "function" ? Reflect.apply(onProgress, this, arguments) : undefined;
    };
    instance.popup = function (message) {
      note(complaints, message);
      return typeof popup === "function" ? Reflect.apply(popup, this, arguments) : undefined;
    };
  };

  const wrapInstantiate = (original) => function (container, url) {
    const start = begin("UnityLoader", null, paths({ buildUrl: url }));
    const instance = Reflect.apply(original, this, arguments);
    if (instance) listenToInstance(start, instance);
    return instance;
  };

  // A loader's declaration silently replaces any accessor on `window`: it is wrapped once its script has run, before
  // the page hears of that.
  const wrap = (owner, name, wrapper) => {
    const original = owner && owner[name];
    if (typeof original !== "function" || wrapped.has(original)) return;
    const replacement = wrapper(original);
    wrapped.add(replacement);
    owner[name] = replacement;
  };

  document.addEventListener("load", (event) => {  // such events stop short of the window
    if (!(event.target instanceof HTMLScriptElement)) return;
    wrap(globalThis, "createUnityInstance", wrapCreate);
    wrap(globalThis.UnityLoader, "instantiate", wrapInstantiate);
  }, true);

  // What WebAssembly throws, what its abort() throws (a text up to 2019), and a number: a C++ exception nobody caught.
  const stopped = (error) => error instanceof WebAssembly.RuntimeError || typeof error === "number" ||
    (typeof error === "string" && error.startsWith("abort("));
  const heard = (error) => { if (stopped(error)) note(stops, error); };
  addEventListener("error", (event) => heard(event.error), true);
  addEventListener("unhandledrejection", (event) => heard(event.reason), true);

  const canvases = () => starts.map((start) => {
    const found = start.canvas;
    return found instanceof HTMLCanvasElement && found.isConnected ? found : null;
  }).filter(Boolean);

  const read = () => ({
    starts: starts.map(({ api, progress, phase, reason, files }) => ({
      api, phase, reason, files, progress: typeof progress === "number" ? progress : 0,
    })),
    complaints: [...complaints], stops: [...stops],
  });
  Object.defineProperty(globalThis, Symbol.for("tfjs-for-unity.watch"), { value: Object.freeze({ read, canvases }) });
})();
