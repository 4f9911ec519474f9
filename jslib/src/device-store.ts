/**
 * Downloads kept on the player's device by their SHA-256, in IndexedDB: plain http has no Cache Storage. Nothing depends
 * on it: what is not there, cannot be read or does not fit is downloaded as ever.
 */
import { KEEP_BYTES, leaving, type Kept } from "./keeping";
import type { Bytes } from "./fetching";

/** Files by their SHA-256. Nothing here ever rejects, and what is read is yet to be checked. */
export interface Store {
  /** The bytes under `sha256`, or null where there are none to be had. */
  read(sha256: string): Promise<Bytes | null>;
  write(sha256: string, bytes: Bytes): Promise<void>;
  remove(sha256: string): Promise<void>;
}

const NAME = "tfjs-bridge";
const VERSION = 1;
/** The files themselves, and beside them what is known about them: a use does not write a file anew. */
const FILES = "files";
const KEPT = "kept";
/** A browser that does not answer, as some do after a crash, must not hold up the load. */
const PATIENCE_MS = 5_000;

export interface StoreTools {
  /** Asked late and guarded: in some frames the very look at `indexedDB` throws. */
  indexedDB(): IDBFactory;
  /** Milliseconds since 1970. */
  now(): number;
  delay(callback: () => void, ms: number): void;
}

const valueOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const endOf = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

export class DeviceStore implements Store {
  private opening: Promise<IDBDatabase | null> | null = null;
  /** What this page uses leaves no room for itself: a model larger than the limit would never be complete. */
  private readonly inUse = new Set<string>();

  constructor(
    private readonly tools: StoreTools,
    private readonly limit = KEEP_BYTES,
  ) {}

  read(sha256: string): Promise<Bytes | null> {
    return this.tried((db) => this.answered(this.found(db, sha256)));
  }

  async write(sha256: string, bytes: Bytes): Promise<void> {
    await this.tried((db) => this.put(db, sha256, bytes));
  }

  async remove(sha256: string): Promise<void> {
    await this.tried((db) => {
      const transaction = this.transaction(db);
      this.forget(transaction, sha256);
      return endOf(transaction);
    });
  }

  /** What `action` gives, or null where the browser refuses; one that gives no database is asked no more. */
  private async tried<T>(action: (db: IDBDatabase) => Promise<T>): Promise<T | null> {
    const db = await (this.opening ??= this.answered(this.open()).catch(() => null));
    return db && action(db).catch(() => null);
  }

  private answered<T>(work: Promise<T>): Promise<T> {
    const silence = new Promise<never>((_, reject) => this.tools.delay(() => reject(new Error("no answer")), PATIENCE_MS));
    return Promise.race([work, silence]);
  }

  private async open(): Promise<IDBDatabase> {
    const request = this.tools.indexedDB().open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(FILES);
      request.result.createObjectStore(KEPT, { keyPath: "sha256" });
    };
    const db = await valueOf(request);
    db.onclose = () => (this.opening = null);
    db.onversionchange = () => {
      db.close();
      this.opening = null;
    };
    return db;
  }

  private transaction(db: IDBDatabase): IDBTransaction {
    return db.transaction([FILES, KEPT], "readwrite");
  }

  private forget(transaction: IDBTransaction, sha256: string): void {
    transaction.objectStore(FILES).delete(sha256);
    transaction.objectStore(KEPT).delete(sha256);
  }

  private note(transaction: IDBTransaction, sha256: string, bytes: number): void {
    this.inUse.add(sha256);
    const kept: Kept = { sha256, bytes, used: this.tools.now() };
    transaction.objectStore(KEPT).put(kept);
  }

  private async found(db: IDBDatabase, sha256: string): Promise<Bytes | null> {
    const transaction = this.transaction(db);
    const content: unknown = await valueOf(transaction.objectStore(FILES).get(sha256));
    if (!(content instanceof ArrayBuffer)) return null;
    this.note(transaction, sha256, content.byteLength);
    return new Uint8Array(content);
  }

  /** One transaction: what has to go goes only if what is new was written. */
  private async put(db: IDBDatabase, sha256: string, bytes: Bytes): Promise<void> {
    const transaction = this.transaction(db);
    const kept = (await valueOf(transaction.objectStore(KEPT).getAll())) as Kept[];
    const gone = leaving(kept, bytes.length, { now: this.tools.now(), limit: this.limit, inUse: this.inUse });
    if (!gone) return;
    for (const old of gone) this.forget(transaction, old);
    transaction.objectStore(FILES).put(bytes.buffer, sha256);
    this.note(transaction, sha256, bytes.length);
    await endOf(transaction);
  }
}
