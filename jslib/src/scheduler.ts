/**
 * Who runs when. One job is in flight and the others wait in the order in which they came. Among those that wait there
 * is at most one frame that may be dropped: a newer one takes its place at the end of the line. Queued jobs are never dropped.
 */
import { QUEUE_LIMIT } from "./generated/abi";

/** How a job may be treated: `latest` gives way to a newer one, `queued` waits, `probe` waits and leaves no result. */
export type Kind = "latest" | "queued" | "probe";

export interface Job {
  readonly kind: Kind;
}

export interface SchedulerEvents<J extends Job, R> {
  /** Does the work; a rejection means that the job itself could not be run at all and ends as `failed`. */
  run(job: J): Promise<R>;
  /** The result of a job that failed. */
  failed(job: J, thrown: unknown): R;
  /** The job gave way to a newer one, or everything was stopped. */
  dropped(job: J): void;
  /** A job ended, well or badly. */
  finished(job: J, result: R): void;
  /** Calls back soon, after the browser had its turn. */
  defer(callback: () => void): void;
}

export class Scheduler<J extends Job, R> {
  private readonly waiting: J[] = [];
  private readonly results: { job: J; result: R }[] = [];
  private inFlight: J | null = null;
  private stopped = false;
  private idle: (() => void) | null = null;

  constructor(private readonly events: SchedulerEvents<J, R>) {}

  /** True when another queued job would be one too many: those that wait and those whose result nobody fetched. */
  get full(): boolean {
    const queued = (job: J): boolean => job.kind === "queued";
    return this.waiting.filter(queued).length + this.results.filter(({ job }) => queued(job)).length >= QUEUE_LIMIT;
  }

  /** Takes a job; true when it starts at once, false when it waits. */
  submit(job: J): boolean {
    if (this.inFlight === null) {
      this.start(job);
      return true;
    }
    if (job.kind === "latest") this.dropWaiting();
    this.waiting.push(job);
    return false;
  }

  /** The oldest finished result that nobody has fetched; it stays until `take`. */
  peek(): R | null {
    return this.results[0]?.result ?? null;
  }

  take(): void {
    this.results.shift();
  }

  /** Forgets all waiting jobs and results; resolves when the one in flight has ended, of which no one hears any more. */
  stop(): Promise<void> {
    this.stopped = true;
    this.results.length = 0;
    const begun = this.inFlight === null ? [] : [this.inFlight];
    for (const job of [...begun, ...this.waiting.splice(0)]) this.events.dropped(job);
    if (begun.length === 0) return Promise.resolve();
    return new Promise((resolve) => (this.idle = resolve));
  }

  /**
   * Ends what is in flight and what waits without their results: frames that may be dropped are, all others end as
   * `failed` for `thrown`. Results stay to be fetched, and new jobs are taken.
   */
  abandon(thrown: unknown): void {
    const begun = this.inFlight === null ? [] : [this.inFlight];
    this.inFlight = null;
    for (const job of [...begun, ...this.waiting.splice(0)]) {
      if (job.kind === "latest") this.events.dropped(job);
      else this.settle(job, this.events.failed(job, thrown));
    }
  }

  private dropWaiting(): void {
    const at = this.waiting.findIndex((job) => job.kind === "latest");
    if (at < 0) return;
    for (const job of this.waiting.splice(at, 1)) this.events.dropped(job);
  }

  /** The job begins after the caller's frame: a Submit call of the game must not wait for an inference. */
  private start(job: J): void {
    this.inFlight = job;
    this.events.defer(() => void this.run(job));
  }

  private async run(job: J): Promise<void> {
    if (this.inFlight !== job) return; // abandoned
    if (this.stopped) return this.end();
    let result: R;
    try {
      result = await this.events.run(job);
    } catch (thrown) {
      result = this.events.failed(job, thrown);
    }
    if (this.inFlight !== job) return;
    if (this.stopped) return this.end();
    this.settle(job, result);
    this.next();
  }

  private settle(job: J, result: R): void {
    this.keep(job, result);
    this.events.finished(job, result);
  }

  private keep(job: J, result: R): void {
    if (job.kind === "probe") return;
    if (job.kind === "latest") {
      const old = this.results.findIndex((other) => other.job.kind === "latest");
      if (old >= 0) this.results.splice(old, 1);
    }
    this.results.push({ job, result });
  }

  private next(): void {
    this.inFlight = null;
    const job = this.waiting.shift();
    if (job) this.start(job);
  }

  private end(): void {
    this.inFlight = null;
    this.idle?.();
  }
}
