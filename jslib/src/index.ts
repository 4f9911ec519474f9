/** The runtime's entry: puts `tfjsBridge` on the page. */
import type { PageConfig, PageObject } from "./api";
import { DeviceStore } from "./device-store";
import { Engines } from "./engine";
import { Blitter } from "./image/blit";
import { Camera } from "./image/camera";
import { CameraUse } from "./image/camera-use";
import { Lanes } from "./lanes";
import type { Libraries } from "./library";
import { loadNetwork } from "./loading";
import { OnnxLibrary } from "./onnxruntime/library";
import { RememberedChoices } from "./remembering";
import { STARTERS } from "./tensorflow";
import { install, pageObject } from "./page";

/** As many as a browser opens to one host of HTTP/1.1. */
const DOWNLOADS = 6;

/** After the browser's turn. Timers of a hidden page run once a second and later once a minute, messages as ever. */
function soon(callback: () => void): void {
  if (!document.hidden) return void setTimeout(callback);
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(null);
}

const camera = new Camera();
const engines = new Engines(STARTERS, new RememberedChoices(() => localStorage));

const tensorflow = { open: engines.open.bind(engines), load: loadNetwork };
const libraries: Libraries = { "graph-model": tensorflow, "layers-model": tensorflow, onnx: new OnnxLibrary() };

const scope = globalThis as { tfjsBridge?: PageObject; tfjsBridgeConfig?: PageConfig };

install(scope, () =>
  pageObject({
    fetch: (url, init) => fetch(url, init),
    lanes: new Lanes(DOWNLOADS),
    store: new DeviceStore({ indexedDB: () => indexedDB, now: () => Date.now(), delay: (callback, ms) => void setTimeout(callback, ms) }),
    now: () => performance.now(),
    defer: soon,
    openEngine: (choice, around, tryout, format) => libraries[format].open(choice, around, tryout),
    loadNetwork: (parts, spec) => libraries[spec.files.format].load(parts, spec),
    pictures: { blitter: (pre) => new Blitter(pre), camera: (host) => new CameraUse(camera, host, document) },
    pageUrl: location.href,
    config: () => scope.tfjsBridgeConfig,
    renderer: () => engines.renderer,
  }),
);
