import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fetchBinary, fetchContract, fetchJson, type Download, type Fetch } from "../src/fetching";
import { sha256Hex } from "../src/digest";
import { Failure } from "../src/failure";
import { fileRef, sha256, utf8 } from "./support";

const URL = "https://game.example/StreamingAssets/tfjs-bridge/tiny/model.json";
const PAGE = "<!DOCTYPE html>\n<html><body>My portal</body></html>";

const downloadBy = (fetch: Fetch, onBytes?: (count: number) => void): Download => ({
  fetch,
  signal: new AbortController().signal,
  ...(onBytes ? { onBytes } : {}),
});
const answering = (body: BodyInit, status = 200): Download => downloadBy(() => Promise.resolve(new Response(body, { status })));

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

  test("that breaks off while it arrives is FETCH_FAILED", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 4));
        controller.error(new TypeError("network error"));
      },
    });
    const { id, message } = await failureOf(fetchBinary(URL, file, answering(broken)));
    assert.equal(id, "FETCH_FAILED");
    assert.equal(message, `${URL} could not be fetched: network error. ${MISSING}`);
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

test("SHA-256 is the same with and without crypto.subtle", async (context) => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index & 255);
  assert.equal(await sha256Hex(bytes), sha256(bytes));
  context.mock.getter(globalThis, "crypto", () => ({}) as Crypto);
  assert.equal(globalThis.crypto.subtle, undefined);
  assert.equal(await sha256Hex(bytes), sha256(bytes));
});
