import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fetchBinary, fetchContract, fetchJson, type Download, type Fetch } from "../src/fetching";
import { sha256Hex } from "../src/digest";
import { Failure } from "../src/failure";
import { Lanes } from "../src/lanes";
import { fileRef, Gate, MemoryStore, settle, sha256, utf8 } from "./support";

const URL = "https://game.example/StreamingAssets/tfjs-bridge/tiny/model.json";
const PAGE = "<!DOCTYPE html>\n<html><body>My portal</body></html>";

const downloadBy = (fetch: Fetch, onBytes?: (count: number) => void): Download => ({
  fetch,
  signal: new AbortController().signal,
  ...(onBytes ? { onBytes } : {}),
});
const answering = (body: BodyInit, status = 200): Download => downloadBy(() => Promise.resolve(new Response(body, { status })));

/** An answer whose body begins with `start` and then breaks off. */
function broken(start: Uint8Array): Response {
  const body = new ReadableStream({
    pull(controller) {
      if (start.length > 0) controller.enqueue(start);
      else controller.error(new TypeError("network error"));
      start = new Uint8Array(0);
    },
  });
  return new Response(body);
}

async function failureOf(promise: Promise<unknown>): Promise<{ id: string; code: number; message: string }> {
  const thrown: unknown = await promise.then(
    () => assert.fail("it should have failed"),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof Failure);
  return thrown.entry;
}

const MISSING =
  "The file is missing from the published StreamingAssets, or the host refuses to send it. " +
  "Publish the whole StreamingAssets/tfjs-bridge folder of this build; names are case-sensitive.";

describe("a file of the model", () => {
  const bytes = utf8('{"a": [1, 2, 3]}');
  const file = fileRef("model.json", bytes);

  test("arrives as it is, and every byte is counted", async () => {
    let counted = 0;
    const download = downloadBy(
      () => Promise.resolve(new Response(bytes)),
      (count) => (counted += count),
    );
    assert.deepEqual(await fetchBinary(URL, file, download), bytes);
    assert.equal(counted, bytes.length);
    assert.deepEqual(await fetchJson(URL, file, answering(bytes)), { a: [1, 2, 3] });
  });

  test("is asked for anew, so that an old copy is not used", async () => {
    const seen: RequestInit[] = [];
    await fetchBinary(URL, file, downloadBy((_, init) => (seen.push(init), Promise.resolve(new Response(bytes)))));
    assert.equal(seen[0]?.cache, "no-cache");
  });

  test("that the host does not have is FETCH_FAILED with the status", async () => {
    const { code, message } = await failureOf(fetchBinary(URL, file, answering("no", 404)));
    assert.equal(code, 102);
    assert.equal(message, `${URL} could not be fetched: the host answered with status 404. ${MISSING}`);
  });

  test("without a network is FETCH_FAILED with the browser's reason", async () => {
    const { message } = await failureOf(fetchBinary(URL, file, downloadBy(() => Promise.reject(new TypeError("Failed to fetch")))));
    assert.equal(message, `${URL} could not be fetched: Failed to fetch. ${MISSING}`);
  });

  test("that breaks off while it arrives, twice, is FETCH_FAILED, and nothing of it counts", async () => {
    let counted = 0;
    const download = downloadBy(() => Promise.resolve(broken(bytes.subarray(0, 4))), (count) => (counted += count));
    const { id, message } = await failureOf(fetchBinary(URL, file, download));
    assert.equal(id, "FETCH_FAILED");
    assert.equal(message, `${URL} could not be fetched: network error. ${MISSING}`);
    assert.equal(counted, 0);
  });

  test("is asked for once more where the connection breaks, and counts once", async () => {
    const answers = [() => Promise.reject(new TypeError("Failed to fetch")), () => Promise.resolve(new Response(bytes))];
    assert.deepEqual(await fetchBinary(URL, file, downloadBy(() => (answers.shift() as () => Promise<Response>)())), bytes);
    let counted = 0;
    const bodies = [broken(bytes.subarray(0, 4)), new Response(bytes)];
    const download = downloadBy(() => Promise.resolve(bodies.shift() as Response), (count) => (counted += count));
    assert.deepEqual(await fetchBinary(URL, file, download), bytes);
    assert.equal(counted, bytes.length);
  });

  test("is not asked for again where the host refuses, or where nobody wants it any more", async () => {
    const asked: string[] = [];
    const refusing = downloadBy((url) => (asked.push(url), Promise.resolve(new Response("no", { status: 503 }))));
    await failureOf(fetchBinary(URL, file, refusing));
    const unwanted = new AbortController();
    const aborted = { fetch: (url: string) => (asked.push(url), unwanted.abort(), Promise.reject(new TypeError("aborted"))), signal: unwanted.signal };
    await failureOf(fetchBinary(URL, file, aborted));
    assert.equal(asked.length, 2);
  });

  test("that is an HTML page is NOT_JSON where JSON was expected", async () => {
    const { code, message } = await failureOf(fetchJson(URL, file, answering(PAGE)));
    assert.equal(code, 103);
    assert.equal(
      message,
      `${URL} is not JSON: it begins with "<!DOCTYPE html> <html><body>My portal</b". ` +
        "Hosts of single-page apps answer a missing file with an HTML page and status 200. " +
        "Publish the whole StreamingAssets/tfjs-bridge folder, and exclude it from the host's rewrite rules.",
    );
  });

  test("that is an HTML page counts as not sent where weights were expected", async () => {
    const { message } = await failureOf(fetchBinary(URL, { ...file, bytes: 4_000_000 }, answering(PAGE)));
    assert.equal(message, `${URL} could not be fetched: the host answered with an HTML page instead. ${MISSING}`);
  });

  test("that is too short is WRONG_LENGTH", async () => {
    const { code, message } = await failureOf(fetchBinary(URL, file, answering(bytes.subarray(0, 5))));
    assert.equal(code, 104);
    assert.equal(
      message,
      `${URL} has 5 bytes, the contract says 16. The upload was cut short, or the file belongs to another version of the model. ` +
        "Publish StreamingAssets/tfjs-bridge anew, all files from one build.",
    );
  });

  test("that never ends is given up after its announced length", async () => {
    let sent = 0;
    let cancelled = false;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(10));
      },
      cancel() {
        cancelled = true;
      },
    });
    const { message } = await failureOf(fetchBinary(URL, file, answering(endless)));
    assert.match(message, /has more than 16 bytes, the contract says 16\./);
    assert.ok(cancelled && sent < 5);
  });

  test("of the right length with another byte is HASH_MISMATCH", async () => {
    const other = Uint8Array.from(bytes);
    other[3] = 98;
    const { code, message } = await failureOf(fetchJson(URL, file, answering(other)));
    assert.equal(code, 105);
    assert.equal(
      message,
      `${URL} is not the file that was generated: its SHA-256 begins with ${sha256(other).slice(0, 12)}, not with ${file.sha256.slice(0, 12)}. ` +
        "The game and its contract agree, so this file is the odd one out: an old or a newer copy in the host's folder or in a cache, " +
        "or edited by hand. Publish StreamingAssets/tfjs-bridge anew, all files from one build, and clear the host's cache.",
    );
  });

  test("whose JSON is broken is NOT_JSON", async () => {
    const broken = utf8("{oops");
    const { id } = await failureOf(fetchJson(URL, fileRef("model.json", broken), answering(broken)));
    assert.equal(id, "NOT_JSON");
  });
});

describe("the contract", () => {
  test("that is an HTML page is NOT_JSON, not another version", async () => {
    const { id } = await failureOf(fetchContract(URL, sha256(utf8("x")), answering(PAGE)));
    assert.equal(id, "NOT_JSON");
  });

  test("of another hash is STALE_CONTRACT, whatever the case of the hex", async () => {
    const bytes = utf8("[]");
    assert.deepEqual(await fetchContract(URL, sha256(bytes).toUpperCase(), answering(bytes)), []);
    const { id, message } = await failureOf(fetchContract(URL, sha256(utf8("{}")), answering(bytes)));
    assert.equal(id, "STALE_CONTRACT");
    const [actual, expected] = [bytes, utf8("{}")].map((content) => sha256(content).slice(0, 12));
    assert.ok(message.startsWith(`${URL} is not the contract that this game was built with: its SHA-256 begins with ${actual}, not with ${expected}. `));
  });
});

describe("a file that is kept", () => {
  const bytes = utf8('{"a": [1, 2, 3]}');
  const file = fileRef("model.json", bytes);
  const keeping = (store: MemoryStore, download: Download): Download => ({ ...download, store });
  const offline = downloadBy(() => Promise.reject(new TypeError("offline")));

  test("is fetched once, and its bytes count on the next visit too", async () => {
    const store = new MemoryStore();
    await fetchBinary(URL, file, keeping(store, answering(bytes)));
    let counted = 0;
    const download = { ...offline, onBytes: (count: number) => void (counted += count) };
    assert.deepEqual(await fetchBinary(URL, file, keeping(store, download)), bytes);
    assert.deepEqual(await fetchJson(URL, file, keeping(store, download)), { a: [1, 2, 3] });
    assert.equal(counted, 2 * bytes.length);
  });

  for (const [what, poison] of [
    ["of another byte", utf8('{"a": [1, 2, 4]}')],
    ["cut short", bytes.subarray(0, 5)],
  ] as const) {
    test(`but ${what} is thrown away and fetched anew`, async () => {
      const store = new MemoryStore();
      store.files.set(file.sha256, poison);
      assert.equal((await failureOf(fetchBinary(URL, file, keeping(store, offline)))).id, "FETCH_FAILED");
      assert.equal(store.files.size, 0);
      store.files.set(file.sha256, poison);
      assert.deepEqual(await fetchBinary(URL, file, keeping(store, answering(bytes))), bytes);
      assert.deepEqual(store.files.get(file.sha256), bytes);
    });
  }

  test("is none where the host's was wrong", async () => {
    const store = new MemoryStore();
    await failureOf(fetchBinary(URL, file, keeping(store, answering(bytes.subarray(1)))));
    assert.equal(store.files.size, 0);
  });
});

test("no more files arrive at once than there are lanes", async () => {
  const gates: Gate<Response>[] = [];
  const lanes = new Lanes(2);
  const download = { ...downloadBy(() => (gates.push(new Gate<Response>()), (gates[gates.length - 1] as Gate<Response>).promise)), lanes };
  const bytes = utf8("weights!");
  const all = [0, 1, 2, 3, 4].map(() => fetchBinary(URL, fileRef("a.bin", bytes), download).catch(() => "failed"));
  for (const expected of [2, 3, 4, 5, 5]) {
    await settle();
    assert.equal(gates.length, expected);
    gates[expected - 2]?.resolve(expected === 3 ? new Response("gone", { status: 404 }) : new Response(bytes));
  }
  gates[4]?.resolve(new Response(bytes));
  assert.equal((await Promise.all(all)).filter((answer) => answer === "failed").length, 1);
});

test("SHA-256 is the same with and without crypto.subtle", async (context) => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index & 255);
  assert.equal(await sha256Hex(bytes), sha256(bytes));
  context.mock.getter(globalThis, "crypto", () => ({}) as Crypto);
  assert.equal(globalThis.crypto.subtle, undefined);
  assert.equal(await sha256Hex(bytes), sha256(bytes));
});
