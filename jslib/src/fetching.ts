/** Downloads that are what the contract says they are, or fail with the reason. */
import { FETCH_FAILED, HASH_MISMATCH, NOT_JSON, STALE_CONTRACT, WRONG_LENGTH, type CatalogueError } from "./generated/errors";
import type { FileRef } from "./generated/contract";
import type { Store } from "./device-store";
import { sha256Hex } from "./digest";
import { Failure, reasonOf } from "./failure";
import type { Lanes } from "./lanes";

export type Bytes = Uint8Array<ArrayBuffer>;
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a download needs to know: how to fetch, when to stop, and whom to tell how far it is. */
export interface Download {
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  /** Called with the number of bytes that just arrived; with a negative one where what arrived was in vain. */
  readonly onBytes?: (count: number) => void;
  /** Bounds how many files arrive at once. */
  readonly lanes?: Lanes;
  /** Where files of a known SHA-256 are kept for the next visit. */
  readonly store?: Store;
}

/** The connection failed, not the host: the one kind of failure that may be gone a moment later. */
class Interrupted extends Failure {}

const MAX_CONTRACT_BYTES = 16 * 1024 * 1024;
const SHOWN_START = 40;

/** `no-cache` makes the browser ask whether its copy is still the host's: old and new files must not mix. */
async function responseOf(url: string, { fetch, signal }: Download): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal, cache: "no-cache", credentials: "same-origin" });
  } catch (thrown) {
    throw new Interrupted(FETCH_FAILED({ url, reason: reasonOf(thrown) }));
  }
  if (!response.ok) throw new Failure(FETCH_FAILED({ url, reason: `the host answered with status ${response.status}` }));
  return response;
}

/** The body's chunks; ends early, with one chunk too many, once there are more than `limit` bytes. */
async function chunksOf(response: Response, limit: number, onBytes: (count: number) => void): Promise<Uint8Array[]> {
  const reader = response.body?.getReader();
  if (!reader) return [];
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
    total += value.length;
    onBytes(value.length);
    if (total > limit) {
      await reader.cancel();
      return chunks;
    }
  }
}

function joined(chunks: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

async function receivedOnce(url: string, limit: number, download: Download): Promise<Bytes> {
  const response = await responseOf(url, download);
  let received = 0;
  const count = (bytes: number): void => {
    received += bytes;
    download.onBytes?.(bytes);
  };
  try {
    return joined(await chunksOf(response, limit, count));
  } catch (thrown) {
    download.onBytes?.(-received);
    throw new Interrupted(FETCH_FAILED({ url, reason: reasonOf(thrown) }));
  }
}

/** A connection that breaks is tried once more. */
async function received(url: string, limit: number, download: Download): Promise<Bytes> {
  try {
    return await receivedOnce(url, limit, download);
  } catch (thrown) {
    if (!(thrown instanceof Interrupted) || download.signal.aborted) throw thrown;
    return receivedOnce(url, limit, download);
  }
}

function bytesOf(url: string, limit: number, download: Download): Promise<Bytes> {
  const receive = (): Promise<Bytes> => received(url, limit, download);
  return download.lanes ? download.lanes.run(receive) : receive();
}

function startOf(bytes: Bytes): string {
  return new TextDecoder().decode(bytes.subarray(0, SHOWN_START * 4)).replace(/\s+/g, " ").trim().slice(0, SHOWN_START);
}

const isHtml = (bytes: Bytes): boolean => /^\ufeff?<(!doctype|html|head|!--)/i.test(startOf(bytes));

function notJson(url: string, bytes: Bytes): Failure {
  return new Failure(NOT_JSON({ url, start: JSON.stringify(startOf(bytes)) }));
}

/** A page that stands in for a missing file: JSON says so by its own error, any other file counts as not sent. */
function htmlFailure(url: string, bytes: Bytes, json: boolean): Failure {
  if (json) return notJson(url, bytes);
  return new Failure(FETCH_FAILED({ url, reason: "the host answered with an HTML page instead" }));
}

type Mismatch = (f: { url: string; actual: string; expected: string }) => CatalogueError;

/** As many digits of a SHA-256 as tell two files apart, and as file names and reports show. */
const shown = (sha256: string): string => sha256.slice(0, 12);

async function requireHash(url: string, bytes: Bytes, sha256: string, mismatch: Mismatch): Promise<void> {
  const [actual, expected] = [await sha256Hex(bytes), sha256.toLowerCase()];
  if (actual !== expected) throw new Failure(mismatch({ url, actual: shown(actual), expected: shown(expected) }));
}

/** The file as it was kept on an earlier visit, or null. What does not fit any more is no use to anyone. */
async function keptBytes({ bytes, sha256 }: FileRef, { store, onBytes }: Download): Promise<Bytes | null> {
  const kept = await store?.read(sha256);
  if (!kept) return null;
  if (kept.length !== bytes || (await sha256Hex(kept)) !== sha256.toLowerCase()) {
    await store?.remove(sha256);
    return null;
  }
  onBytes?.(kept.length);
  return kept;
}

/** Kept bytes of the right SHA-256, or else the host's, which are kept while the load goes on. */
async function obtained(url: string, file: FileRef, download: Download, json: boolean): Promise<Bytes> {
  const kept = await keptBytes(file, download);
  if (kept) return kept;
  const bytes = await verified(url, file, download, json);
  void download.store?.write(file.sha256, bytes);
  return bytes;
}

async function verified(url: string, file: FileRef, download: Download, json: boolean): Promise<Bytes> {
  const bytes = await bytesOf(url, file.bytes, download);
  if (bytes.length !== file.bytes) {
    if (isHtml(bytes)) throw htmlFailure(url, bytes, json);
    const actual = bytes.length > file.bytes ? `more than ${file.bytes}` : bytes.length;
    throw new Failure(WRONG_LENGTH({ url, actual, expected: file.bytes }));
  }
  await requireHash(url, bytes, file.sha256, HASH_MISMATCH);
  return bytes;
}

function parsed(url: string, bytes: Bytes): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw notJson(url, bytes);
  }
}

/** The file's bytes, of the length and SHA-256 that `file` gives. */
export function fetchBinary(url: string, file: FileRef, download: Download): Promise<Bytes> {
  return obtained(url, file, download, false);
}

/** The JSON value of a file of the length and SHA-256 that `file` gives. */
export async function fetchJson(url: string, file: FileRef, download: Download): Promise<unknown> {
  return parsed(url, await obtained(url, file, download, true));
}

/** The JSON value of the contract, of which only the SHA-256 is known beforehand: the game carries it. */
export async function fetchContract(url: string, sha256: string, download: Download): Promise<unknown> {
  const bytes = await bytesOf(url, MAX_CONTRACT_BYTES, download);
  if (isHtml(bytes)) throw notJson(url, bytes);
  await requireHash(url, bytes, sha256, STALE_CONTRACT);
  return parsed(url, bytes);
}
