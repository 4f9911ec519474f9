import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { DeviceStore } from "../src/device-store";
import { KEEP_MS, leaving, type Kept } from "../src/keeping";
import { Gate, utf8 } from "./support";

const A = utf8("aaaaaaaa");
const B = utf8("bbbbbbbb");
const C = utf8("cccccccc");

/** A device, and the pages that are opened on it one after the other. */
class Device {
  factory: IDBFactory = new IDBFactory();
  clock = 1;
  readonly timers: (() => void)[] = [];

  page(limit = 20): DeviceStore {
    const tools = { indexedDB: () => this.factory, now: () => (this.clock += 1), delay: (callback: () => void) => void this.timers.push(callback) };
    return new DeviceStore(tools, limit);
  }
}

let device: Device;
beforeEach(() => {
  device = new Device();
});

describe("the device", () => {
  test("gives back what an earlier page wrote, and nothing that was removed", async () => {
    await device.page().write("a", A);
    assert.deepEqual(await device.page().read("a"), A);
    assert.equal(await device.page().read("b"), null);
    await device.page().remove("a");
    assert.equal(await device.page().read("a"), null);
  });

  test("lets the longest unused files go where there is no room", async () => {
    const earlier = device.page();
    await earlier.write("a", A);
    await earlier.write("b", B);
    await device.page().read("a");
    await device.page().write("c", C);
    const later = device.page();
    assert.deepEqual(await Promise.all(["a", "b", "c"].map((name) => later.read(name))), [A, null, C]);
  });

  test("never lets go what the page itself uses: what does not fit is not kept", async () => {
    const page = device.page();
    await page.write("a", A);
    await page.write("b", B);
    await page.write("c", C);
    assert.deepEqual(await Promise.all(["a", "b", "c"].map((name) => page.read(name))), [A, B, null]);
  });

  test("lets files go that were not used for long", async () => {
    await device.page(1000).write("a", A);
    device.clock += KEEP_MS + 10;
    await device.page(1000).write("b", B);
    assert.equal(await device.page(1000).read("a"), null);
    assert.deepEqual(await device.page(1000).read("b"), B);
  });

  test("that has no room at all loses nothing that it has", async (context) => {
    await device.page().write("a", A);
    await device.page().write("b", B);
    const put = IDBObjectStore.prototype.put;
    context.mock.method(IDBObjectStore.prototype, "put", function (this: IDBObjectStore, value: unknown, key?: IDBValidKey) {
      if (value instanceof ArrayBuffer) this.transaction.abort();
      return put.call(this, value, key);
    });
    await device.page().write("c", C);
    context.mock.restoreAll();
    const later = device.page();
    assert.deepEqual(await Promise.all(["a", "b", "c"].map((name) => later.read(name))), [A, B, null]);
  });

  test("whose database was deleted meanwhile is written anew", async () => {
    const page = device.page();
    await page.write("a", A);
    const gone = new Gate<void>();
    device.factory.deleteDatabase("tfjs-bridge").onsuccess = () => gone.resolve();
    await gone.promise;
    assert.equal(await page.read("a"), null);
    await page.write("a", A);
    assert.deepEqual(await device.page().read("a"), A);
  });
});

describe("a browser", () => {
  test("that throws at the very look at its database gives nothing and fails nothing", async () => {
    const tools = { now: () => 1, delay: () => undefined };
    const page = new DeviceStore({
      ...tools,
      indexedDB: () => {
        throw new DOMException("denied", "SecurityError");
      },
    });
    await page.write("a", A);
    assert.equal(await page.read("a"), null);
    await page.remove("a");
  });

  test("that refuses the database, as private windows do, is asked once", async () => {
    let asked = 0;
    const refusing = {
      open: () => {
        asked += 1;
        const request = { error: new DOMException("private", "InvalidStateError") } as unknown as IDBOpenDBRequest;
        queueMicrotask(() => request.onerror?.(new Event("error")));
        return request;
      },
    };
    device.factory = refusing as unknown as IDBFactory;
    const page = device.page();
    await page.write("a", A);
    assert.equal(await page.read("a"), null);
    assert.equal(asked, 1);
  });

  test("that never answers is given up, and a late answer is no harm", async () => {
    const late = new Gate<void>();
    const silent = device.factory;
    device.factory = { open: () => ({ late }) } as unknown as IDBFactory;
    const page = device.page();
    const reading = page.read("a");
    device.timers.forEach((ring) => ring());
    assert.equal(await reading, null);
    device.factory = silent;
    assert.equal(await page.read("a"), null);
  });
});

test("nothing leaves while all fits and is fresh; the longest unused leave first", () => {
  const kept: Kept[] = [
    { sha256: "new", bytes: 4, used: KEEP_MS + 50 },
    { sha256: "old", bytes: 4, used: KEEP_MS + 20 },
    { sha256: "mine", bytes: 4, used: KEEP_MS + 1 },
  ];
  const bounds = (limit: number) => ({ now: KEEP_MS + 60, limit, inUse: new Set(["mine"]) });
  assert.deepEqual(leaving(kept, 4, bounds(16)), []);
  assert.deepEqual(leaving(kept, 4, bounds(15)), ["old"]);
  assert.deepEqual(leaving(kept, 4, bounds(8)), ["old", "new"]);
  assert.equal(leaving(kept, 4, bounds(7)), null);
});
