/** The runtime's entry: puts `tfjsBridge` on the page. */
import type { PageConfig, PageObject } from "./api";
import { currentRenderer, openEngine } from "./engine";
import { Blitter } from "./image/blit";
import { Camera } from "./image/camera";
import { loadNetwork } from "./loading";
import { install, pageObject } from "./page";

const scope = globalThis as { tfjsBridge?: PageObject; tfjsBridgeConfig?: PageConfig };

install(scope, () =>
  pageObject({
    fetch: (url, init) => fetch(url, init),
    now: () => performance.now(),
    defer: (callback) => void setTimeout(callback),
    openEngine,
    loadNetwork,
    pictures: { blitter: (pre) => new Blitter(pre), camera: () => new Camera() },
    pageUrl: location.href,
    config: () => scope.tfjsBridgeConfig,
    renderer: currentRenderer,
  }),
);
