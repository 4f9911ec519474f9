import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { AGREEMENT, distance } from "../src/choosing";
import { Engines, type Starter } from "../src/engine";
import { Failure } from "../src/failure";
import { NO_BACKEND } from "../src/generated/errors";
import type { ModelParts, Network } from "../src/loading";
import type { BackendName } from "../src/options";
import { Rehearsal } from "../src/rehearsal";
import { RememberedChoices } from "../src/remembering";
import type { Output } from "../src/tasks";
import { settle, tinyContract } from "./support";

const AROUND = { scriptUrl: "", fetch: () => Promise.reject(new Error("unused")) };
const CHOICE = { backend: "auto", softwareWebgl: false } as const;
const RIGHT = [0.1, 0.2, 0.7];

/** What localStorage is to the runtime. */
class MemoryStorage {
  readonly items = new Map<string, string>();
  getItem = (name: string): string | null => this.items.get(name) ?? null;
  setItem = (name: string, value: string): void => void this.items.set(name, value);
}

interface Device {
  readonly scores: number[];
  readonly ms: number;
}

/** A page with two backends whose speed and answers the test decides, on a clock of its own. */
class Page {
  clock = 0;
  golden: Float32Array | null = null;
  goldenAsked = 0;
  readonly abort = new AbortController();
  readonly events: string[] = [];
  readonly live = new Set<string>();
  readonly lose = new Map<string, () => void>();
  readonly devices: Record<BackendName, Device | null>;
  readonly engines: Engines;
  private inUse: BackendName = "webgl";

  constructor(
    webgl: Partial<Device> | null,
    wasm: Partial<Device> | null,
    storage: () => MemoryStorage = () => new MemoryStorage(),
    private readonly renderer = "GPU 1",
  ) {
    const device = (given: Partial<Device> | null): Device | null => given && { scores: RIGHT, ms: 10, ...given };
    this.devices = { webgl: device(webgl), wasm: device(wasm) };
    this.engines = new Engines({ webgl: this.starter("webgl"), wasm: this.starter("wasm") }, new RememberedChoices(storage));
  }

  rehearsal(key = "model"): Rehearsal {
    const parts = Promise.resolve({ topology: {}, shards: [] } satisfies ModelParts);
    const golden = (): Promise<Float32Array | null> => {
      this.goldenAsked += 1;
      return Promise.resolve(this.golden);
    };
    const part = { key, spec: tinyContract().model, parts, signal: this.abort.signal, golden, loaded: () => undefined };
    const tools = { now: () => this.clock, defer: (callback: () => void) => void setImmediate(callback), loadNetwork: () => Promise.resolve(this.network()) };
    return new Rehearsal(part, tools);
  }

  async auto(rehearsal = this.rehearsal()): Promise<string> {
    const engine = await this.engines.open(CHOICE, AROUND, rehearsal);
    await rehearsal.perform(engine.backend);
    return engine.backend;
  }

  private starter(backend: BackendName): Starter {
    return (_choice, _around, lost) => {
      this.events.push(`start ${backend}`);
      if (!this.devices[backend]) throw new Failure(NO_BACKEND({ backend, reason: "there is none" }));
      this.lose.set(backend, lost);
      const use = (): Promise<void> => {
        this.inUse = backend;
        return Promise.resolve();
      };
      const renderer = backend === "webgl" ? this.renderer : "";
      return use().then(() => ({ renderer, memory: () => ({ tensors: 0, bytes: 0 }), use, stop: () => void this.events.push(`stop ${backend}`) }));
    };
  }

  private network(): Network {
    const backend = this.inUse;
    const name = `${backend} ${this.live.size}`;
    this.live.add(name);
    const outputs = (): Promise<Output[]> => {
      assert.equal(this.inUse, backend, "it runs on its own backend");
      this.clock += this.devices[backend]?.ms ?? 0;
      const values = Float32Array.from(this.devices[backend]?.scores ?? []);
      return Promise.resolve([{ shape: [1, values.length], values }]);
    };
    return {
      resting: 0,
      stages: { feedMs: 0, outputMs: 0 },
      dispose: () => void this.live.delete(name),
      outputs,
      warmUp: outputs,
    };
  }
}

let storage: MemoryStorage;
beforeEach(() => {
  storage = new MemoryStorage();
});

describe("auto", () => {
  test("takes the fastest, tells how each did, and frees the others", async () => {
    for (const [webgl, wasm, fastest] of [
      [5, 9, "webgl"],
      [9, 5, "wasm"],
    ] as const) {
      const page = new Page({ ms: webgl }, { ms: wasm });
      const rehearsal = page.rehearsal();
      const engine = await page.engines.open(CHOICE, AROUND, rehearsal);
      assert.equal(engine.backend, fastest);
      assert.deepEqual(engine.trials, [
        { backend: "webgl", ms: webgl, error: null },
        { backend: "wasm", ms: wasm, error: null },
      ]);
      assert.deepEqual(page.events, ["start webgl", "start wasm", `stop ${fastest === "webgl" ? "wasm" : "webgl"}`]);
      assert.equal(page.live.size, 1);
      const { network } = await rehearsal.perform(engine.backend);
      await network.outputs(new Uint8Array(16));
      assert.equal(page.live.size, 1);
      assert.equal(page.goldenAsked, 0);
      assert.equal(page.engines.renderer, fastest === "webgl" ? "GPU 1" : "");
    }
  });

  test("goes by the median: one slow inference does not count", async () => {
    const page = new Page({ ms: 5 }, { ms: 6 });
    let left = 3;
    Object.defineProperty(page.devices.webgl, "ms", { get: () => ((left -= 1) === 0 ? 300 : 5) });
    assert.equal(await page.auto(), "webgl");
  });

  test("does not go on timing a backend that is slow", async () => {
    const page = new Page({ ms: 1000 }, { ms: 10 });
    await page.auto();
    assert.equal(page.clock, 2 * 1000 + 6 * 10);
  });

  test("leaves out what answers otherwise than the CPU, and says so", async () => {
    const page = new Page({ ms: 1, scores: [0.3, 0, 0.7] }, { ms: 9 }, () => storage);
    const engine = await page.engines.open(CHOICE, AROUND, page.rehearsal());
    assert.equal(engine.backend, "wasm");
    const [left] = engine.trials;
    assert.equal(left?.error?.code, 119);
    assert.ok(left?.error?.message.startsWith("The backend webgl was left out: its scores are off by 28.6 % of the largest one. "));
    assert.equal(page.goldenAsked, 1);
    assert.equal(storage.items.size, 0, "the next visit measures, and tells, again");
  });

  test("lets the golden vector say who is right where two differ", async () => {
    const page = new Page({ ms: 9 }, { ms: 1, scores: [0.3, 0, 0.7] });
    page.golden = Float32Array.from(RIGHT);
    assert.equal(await page.auto(), "webgl");
  });

  test("takes another backend where one cannot run the model, or is not to be had", async () => {
    const unable = new Page({ ms: 1, scores: [NaN, 0, 1] }, {}, () => storage);
    const engine = await unable.engines.open(CHOICE, AROUND, unable.rehearsal());
    assert.equal(engine.backend, "wasm");
    assert.match(engine.trials[0]?.error?.message ?? "", /^The backend webgl was left out: score 0 is NaN\. /);
    const alone = new Page(null, {});
    const rehearsal = alone.rehearsal();
    const only = await alone.engines.open(CHOICE, AROUND, rehearsal);
    assert.deepEqual([only.backend, only.trials.map(({ error }) => error?.id)], ["wasm", ["NO_BACKEND"]]);
    await rehearsal.perform("wasm");
    assert.equal(alone.clock, 10, "where there is no choice nothing is timed");
  });

  test("fails with the CPU's reason where none can run, and leaves the choice open", async () => {
    const none = new Page(null, null);
    await assert.rejects(none.auto(), /^NO_BACKEND: The backend wasm is not to be had: there is none\./);
    const wrong = new Page({ scores: [1] }, { scores: [2] });
    await assert.rejects(wrong.auto(), /The backend wasm was left out: it gives 1 scores for 3 labels\./);
    assert.equal(wrong.live.size, 0);
    assert.deepEqual(wrong.events.slice(2), ["stop webgl", "stop wasm"]);
    Object.assign(wrong.devices, { wasm: { scores: RIGHT, ms: 1 } });
    assert.equal(await wrong.auto(), "wasm");
  });

  test("survives a GPU that goes while it is tried, and tries again on the next visit", async () => {
    const page = new Page({}, {}, () => storage);
    page.devices.webgl = { scores: RIGHT, get ms(): number {
      page.lose.get("webgl")?.();
      return 1;
    } };
    assert.equal(await page.auto(), "wasm");
    assert.equal(page.live.size, 1);
    assert.equal(storage.items.size, 0);
  });

  test("of a model that is disposed meanwhile leaves nothing, and the next model chooses", async () => {
    const page = new Page({}, {});
    const gone = page.rehearsal();
    const first = page.engines.open(CHOICE, AROUND, gone);
    const second = new Page({}, {}).rehearsal();
    const next = page.engines.open(CHOICE, AROUND, second);
    page.abort.abort();
    await assert.rejects(first, /disposed while loading/);
    gone.dispose();
    assert.equal((await next).backend, "webgl");
    assert.equal(page.live.size, 0);
  });
});

describe("the choice", () => {
  test("is remembered by model and by what draws", async () => {
    assert.equal(await new Page({ ms: 9 }, { ms: 5 }, () => storage).auto(), "wasm");
    const again = new Page({ ms: 5 }, { ms: 9 }, () => storage);
    assert.equal(await again.auto(), "wasm");
    assert.deepEqual(again.events, ["start webgl", "start wasm", "stop webgl"]);
    assert.equal(again.clock, 9);
    const other = new Page({ ms: 5 }, { ms: 9 }, () => storage);
    assert.equal(await other.auto(other.rehearsal("another model")), "webgl");
    assert.equal(await new Page({ ms: 5 }, { ms: 9 }, () => storage, "GPU 2").auto(), "webgl");
    const known = new Page({ ms: 50 }, { ms: 9 }, () => storage, "GPU 2");
    assert.equal(await known.auto(), "webgl");
    assert.deepEqual(known.events, ["start webgl"], "the WebAssembly file is not even fetched");
  });

  test("is made anew where what was remembered cannot start, or where nothing can be remembered", async () => {
    await new Page({ ms: 9 }, { ms: 5 }, () => storage).auto();
    assert.equal(await new Page({}, null, () => storage).auto(), "webgl");
    const forbidden = (): never => {
      throw new DOMException("denied", "SecurityError");
    };
    const page = new Page({ ms: 9 }, { ms: 5 }, forbidden);
    assert.equal(await page.auto(), "wasm");
    for (const junk of ["{", "{}", '[1,["a"],["model GPU 1",7]]', '[["model GPU 1","cuda"]]']) {
      storage.items.set("tfjs-bridge.backends", junk);
      assert.equal(await new Page({ ms: 9 }, { ms: 5 }, () => storage).auto(), "wasm", junk);
    }
  });

  test("of many models does not grow without end", async () => {
    const choices = new RememberedChoices(() => storage);
    for (let model = 0; model < 100; model++) choices.remember(`model ${model}`, "", "wasm");
    const later = new RememberedChoices(() => storage);
    assert.deepEqual([later.recall("model 99", ""), later.recall("model 0", "")], ["wasm", undefined]);
  });

  test("of a page is that of its first model; another is refused, auto is not", async () => {
    const page = new Page({}, {});
    const [first, second] = await Promise.all([
      page.engines.open({ ...CHOICE, backend: "wasm" }, AROUND),
      page.engines.open(CHOICE, AROUND, page.rehearsal()),
    ]);
    assert.equal(first, second);
    await assert.rejects(page.engines.open({ ...CHOICE, backend: "webgl" }, AROUND), /another model of this page already runs on wasm/);
  });

  test("is open again when the GPU goes, and the same as before without measuring", async () => {
    const page = new Page({ ms: 5 }, { ms: 9 });
    assert.equal(await page.auto(), "webgl");
    page.events.length = 0;
    page.lose.get("webgl")?.();
    assert.equal(page.engines.renderer, "");
    assert.equal(await page.auto(), "webgl");
    assert.deepEqual(page.events, ["start webgl"]);
    await settle();
  });
});

test("answers are compared with the largest score; half precision passes, a swapped channel does not", () => {
  const right = Float32Array.from([8, -2, 0.5]);
  assert.ok(distance(Float32Array.from([8.004, -2.002, 0.498]), right) < 0.001);
  assert.equal(distance(Float32Array.from([7, -2, 0.5]), right), 1 / 8);
  assert.equal(distance(Float32Array.from([8, -2]), right), Infinity);
  assert.equal(distance(Float32Array.from([8, NaN, 0.5]), right), Infinity);
  assert.ok(distance(new Float32Array(3), right) > AGREEMENT);
  assert.equal(distance(new Float32Array(3), new Float32Array(3)), 0);
});
