import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { QUEUE_LIMIT } from "../src/generated/abi";
import { Scheduler, type Job, type Kind } from "../src/scheduler";
import { Gate, settle } from "./support";

interface Numbered extends Job {
  readonly id: number;
}

/** A scheduler whose jobs end when the test says so. */
class Bench {
  readonly started: number[] = [];
  readonly dropped: number[] = [];
  readonly finished: string[] = [];
  private readonly gates = new Map<number, Gate<void>>();
  private readonly deferred: (() => void)[] = [];
  readonly scheduler = new Scheduler<Numbered, string>({
    run: async ({ id }) => {
      this.started.push(id);
      const gate = new Gate<void>();
      this.gates.set(id, gate);
      await gate.promise;
      return `${id}`;
    },
    failed: ({ id }) => `${id} failed`,
    dropped: ({ id }) => void this.dropped.push(id),
    finished: (_, result) => void this.finished.push(result),
    defer: (callback) => void this.deferred.push(callback),
  });

  submit(id: number, kind: Kind): boolean {
    return this.scheduler.submit({ id, kind });
  }

  /** The browser had its turn. */
  async turn(): Promise<void> {
    for (const callback of this.deferred.splice(0)) callback();
    await settle();
  }

  async end(id: number, error?: Error): Promise<void> {
    const gate = this.gates.get(id);
    assert.ok(gate, `job ${id} is not running`);
    if (error) gate.reject(error);
    else gate.resolve();
    await settle();
    await this.turn();
  }

  fetchAll(): string[] {
    const all: string[] = [];
    for (let result = this.scheduler.peek(); result !== null; result = this.scheduler.peek()) {
      all.push(result);
      this.scheduler.take();
    }
    return all;
  }
}

describe("scheduler", () => {
  test("a job begins only after the caller's frame", async () => {
    const bench = new Bench();
    assert.equal(bench.submit(1, "latest"), true);
    assert.deepEqual(bench.started, []);
    await bench.turn();
    assert.deepEqual(bench.started, [1]);
  });

  test("a newer frame replaces the waiting one, never the one in flight", async () => {
    const bench = new Bench();
    bench.submit(1, "latest");
    await bench.turn();
    assert.equal(bench.submit(2, "latest"), false);
    assert.equal(bench.submit(3, "latest"), false);
    assert.deepEqual(bench.dropped, [2]);
    await bench.end(1);
    assert.deepEqual(bench.started, [1, 3]);
  });

  test("queued jobs and probes wait in the order in which they came", async () => {
    const bench = new Bench();
    const kinds: Kind[] = ["queued", "probe", "queued", "latest", "probe"];
    kinds.forEach((kind, id) => bench.submit(id, kind));
    await bench.turn();
    for (let id = 0; id < kinds.length; id++) await bench.end(id);
    assert.deepEqual(bench.started, [0, 1, 2, 3, 4]);
    assert.deepEqual(bench.dropped, []);
    assert.deepEqual(bench.fetchAll(), ["0", "2", "3"]);
  });

  test("an unfetched result of a frame gives way to a newer one, results of queued jobs stay", async () => {
    const bench = new Bench();
    const kinds: Kind[] = ["latest", "queued", "latest"];
    for (const [id, kind] of kinds.entries()) {
      bench.submit(id, kind);
      await bench.turn();
      await bench.end(id);
    }
    assert.deepEqual(bench.fetchAll(), ["1", "2"]);
  });

  test("a failure is a result like any other, in order", async () => {
    const bench = new Bench();
    [1, 2, 3].forEach((id) => bench.submit(id, "queued"));
    await bench.turn();
    await bench.end(1);
    await bench.end(2, new Error("no memory"));
    await bench.end(3);
    assert.deepEqual(bench.fetchAll(), ["1", "2 failed", "3"]);
  });

  test("is full when that many queued jobs wait or lie unfetched", async () => {
    const bench = new Bench();
    for (let id = 0; id <= QUEUE_LIMIT; id++) {
      assert.equal(bench.scheduler.full, false, `before job ${id}`);
      bench.submit(id, "queued");
    }
    assert.equal(bench.scheduler.full, true);
    await bench.turn();
    await bench.end(0);
    assert.equal(bench.scheduler.full, true, "one moved from waiting to unfetched");
    bench.scheduler.take();
    assert.equal(bench.scheduler.full, false);
  });

  test("stop drops what waits and what runs, and waits for the one in flight", async () => {
    const bench = new Bench();
    [1, 2, 3].forEach((id) => bench.submit(id, "probe"));
    await bench.turn();
    let stopped = false;
    void bench.scheduler.stop().then(() => (stopped = true));
    await settle();
    assert.deepEqual(bench.dropped, [1, 2, 3]);
    assert.equal(stopped, false);
    await bench.end(1);
    assert.equal(stopped, true);
    assert.deepEqual(bench.finished, []);
    assert.deepEqual(bench.started, [1]);
  });

  test("abandon fails what may not be dropped, and goes on with what comes later", async () => {
    const bench = new Bench();
    const kinds: Kind[] = ["queued", "probe", "queued", "latest"];
    kinds.forEach((kind, id) => bench.submit(id, kind));
    await bench.turn();
    bench.scheduler.abandon(new Error("gone"));
    assert.deepEqual([bench.dropped, bench.finished], [[3], ["0 failed", "1 failed", "2 failed"]]);
    assert.equal(bench.submit(4, "queued"), true);
    await bench.turn();
    await bench.end(0);
    assert.deepEqual(bench.started, [0, 4], "the end of an abandoned job starts nothing");
    await bench.end(4);
    assert.deepEqual(bench.fetchAll(), ["0 failed", "2 failed", "4"]);
  });

  test("abandon before the first turn starts nothing", async () => {
    const bench = new Bench();
    bench.submit(1, "queued");
    bench.scheduler.abandon(new Error("gone"));
    await bench.turn();
    assert.deepEqual([bench.started, bench.fetchAll()], [[], ["1 failed"]]);
  });

  test("stop after abandon waits for the newer job alone", async () => {
    const bench = new Bench();
    bench.submit(1, "queued");
    await bench.turn();
    bench.scheduler.abandon(new Error("gone"));
    bench.submit(2, "queued");
    await bench.turn();
    let stopped = false;
    void bench.scheduler.stop().then(() => (stopped = true));
    await bench.end(1);
    assert.equal(stopped, false);
    await bench.end(2);
    assert.equal(stopped, true);
  });

  test("stop before the first turn starts nothing", async () => {
    const bench = new Bench();
    bench.submit(1, "queued");
    const stopped = bench.scheduler.stop();
    await bench.turn();
    await stopped;
    assert.deepEqual(bench.started, []);
  });
});

/** What the scheduler should do, written down as plainly as possible. */
class Reference {
  line: Numbered[] = [];
  results: Numbered[] = [];
  dropped: number[] = [];

  submit(job: Numbered): void {
    const old = this.line.findIndex((other, at) => at > 0 && other.kind === "latest" && job.kind === "latest");
    if (old > 0) this.dropped.push(...this.line.splice(old, 1).map(({ id }) => id));
    this.line.push(job);
  }

  endFirst(): void {
    const job = this.line.shift();
    if (!job || job.kind === "probe") return;
    if (job.kind === "latest") this.results = this.results.filter(({ kind }) => kind !== "latest");
    this.results.push(job);
  }
}

/** Park and Miller's generator: the same sequences on every machine. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

test("random sequences do what the reference does", async () => {
  const kinds: Kind[] = ["latest", "latest", "queued", "probe"];
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed);
    const bench = new Bench();
    const reference = new Reference();
    const started: number[] = [];
    for (let id = 0; id < 60; id++) {
      const action = random(5);
      if (action < 3) {
        const kind = kinds[random(kinds.length)] as Kind;
        assert.equal(bench.submit(id, kind), reference.line.length === 0);
        reference.submit({ id, kind });
        await bench.turn();
      } else if (action === 3 && reference.line[0]) {
        await bench.end(reference.line[0].id);
        reference.endFirst();
      } else {
        assert.equal(bench.scheduler.peek(), reference.results[0] ? `${reference.results[0].id}` : null);
        bench.scheduler.take();
        reference.results.shift();
      }
      const running = reference.line[0]?.id;
      if (running !== undefined && started[started.length - 1] !== running) started.push(running);
      assert.deepEqual(bench.started, started, `seed ${seed}, step ${id}`);
      assert.deepEqual(bench.dropped, reference.dropped, `seed ${seed}, step ${id}`);
    }
  }
});
