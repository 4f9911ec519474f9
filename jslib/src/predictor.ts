/** Runs pictures of the model's size through the network, one after the other, and keeps what comes out. */
import type { Contract } from "./generated/contract";
import { PREDICT_FAILED, type CatalogueError } from "./generated/errors";
import type { PagePrediction } from "./api";
import { entryOf, Failure } from "./failure";
import type { Picture } from "./image/picture";
import type { Network } from "./loading";
import type { Outcome } from "./memory";
import type { Pixels } from "./pixels/pixels";
import { Scheduler, type Job } from "./scheduler";
import { Seen } from "./seen";
import { pathNumber, type PathName, type Statistics } from "./statistics";
import { openReader, taskNumber, type Output, type Placement, type TaskPrediction, type TaskReader } from "./tasks";
import { wayOf, type Way } from "./tasks/way";

const HISTORY_LIMIT = 32;

/** A picture on its way, of the model's size. A probe is answered, or refused, through its functions. */
export interface Frame extends Job {
  readonly picture: Picture;
  readonly placement: Placement;
  readonly path: PathName;
  readonly frame: number;
  readonly submittedAt: number;
  readonly answer?: (prediction: PagePrediction) => void;
  readonly refuse?: (error: Error) => void;
}

type Result = { readonly kind: "latest" | "queued"; readonly outcome: Outcome; readonly prediction: PagePrediction | null; readonly error: CatalogueError | null };

export interface PredictorTools {
  now(): number;
  defer(callback: () => void): void;
}

export class Predictor {
  readonly history: PagePrediction[] = [];
  readonly seen: Seen;
  private readonly line: Scheduler<Frame, Result>;
  private readonly reader: TaskReader<TaskPrediction>;
  private readonly way: Way;
  /** Pixels of what was fetched last, by the kind of job: the page's answers keep theirs. */
  private readonly kept: { latest: Outcome | null; queued: Outcome | null } = { latest: null, queued: null };
  private network: Network | null = null;

  constructor(
    private readonly contract: Contract,
    private readonly statistics: Statistics,
    private readonly onError: (error: CatalogueError) => void,
    private readonly tools: PredictorTools,
  ) {
    this.reader = openReader(contract.model);
    this.seen = new Seen(contract.model.preprocess);
    this.way = wayOf(contract.model);
    this.line = new Scheduler<Frame, Result>({
      run: (frame) => this.run(frame),
      failed: (frame, thrown) => this.failure(frame, thrown),
      dropped: (frame) => this.drop(frame),
      finished: (frame, result) => this.finish(frame, result),
      defer: (callback) => this.tools.defer(callback),
    });
  }

  /** Whatever comes from now on runs through `network`; it remains the caller's to dispose. */
  use(network: Network): void {
    this.network = network;
  }

  /** The network is gone: explicit predictions end as failed for `reason`, other frames are dropped, results stay. */
  lose(reason: Failure): void {
    this.network = null;
    this.line.abandon(reason);
  }

  /** True when no further queued frame is taken. */
  get full(): boolean {
    return this.line.full;
  }

  /** True when the frame's inference begins at once. */
  submit(frame: Frame): boolean {
    return this.line.submit(frame);
  }

  /** The oldest unfetched outcome; `take` removes it. */
  peek(): Outcome | null {
    return this.line.peek()?.outcome ?? null;
  }

  take(): void {
    const taken = this.line.peek();
    this.line.take();
    if (!taken?.outcome.pixels) return;
    this.kept[taken.kind]?.pixels?.release();
    this.kept[taken.kind] = taken.outcome;
  }

  /** The pixels of a fetched result, as long as they are kept. */
  pixelsOf(frame: number): Pixels | null {
    const { latest, queued } = this.kept;
    return [latest, queued].find((outcome) => outcome?.frame === frame)?.pixels ?? null;
  }

  /** Ends all of it; resolves when the network is no longer in use. */
  stop(): Promise<void> {
    return this.line.stop();
  }

  private async run(frame: Frame): Promise<Result> {
    frame.picture.want?.();
    const rgba = await frame.picture.pixels;
    const begun = this.tools.now();
    if (!this.network) throw new Error("there is no network");
    if (frame.kind !== "probe") this.seen.keep(rgba);
    const outputs = this.way.run(this.network, rgba, frame.placement, { alone: frame.kind === "probe" });
    if (!this.way.keeps) frame.picture.release();
    const found = await outputs;
    frame.picture.release();
    return this.success(frame, found, this.tools.now() - begun);
  }

  private success(frame: Frame, outputs: readonly Output[], executeMs: number): Result {
    const { values, prediction, pixels } = this.reader.read(outputs, frame.placement);
    const bytes = pixels && { bytes: frame.kind === "probe" ? pixels.bytes : null };
    const told = { ...prediction, ...bytes, path: frame.path, frame: frame.frame, executeMs } as PagePrediction;
    return { kind: frame.kind === "queued" ? "queued" : "latest", outcome: { ...this.outcome(frame, values), pixels }, prediction: told, error: null };
  }

  private failure(frame: Frame, thrown: unknown): Result {
    frame.picture.release();
    return { kind: "latest", outcome: this.outcome(frame, null), prediction: null, error: entryOf(thrown, PREDICT_FAILED) };
  }

  private outcome({ frame }: Frame, values: Outcome["values"]): Outcome {
    return { task: taskNumber(this.contract.model), frame, values };
  }

  private drop(frame: Frame): void {
    frame.picture.release();
    if (frame.kind === "latest") this.statistics.dropped += 1;
    frame.refuse?.(new Failure(PREDICT_FAILED({ reason: "the model was disposed, or failed, before it came to this picture" })));
  }

  private finish(frame: Frame, { prediction, error }: Result): void {
    if (error) this.onError(error);
    if (frame.kind === "probe") this.reply(frame, prediction, error);
    else this.count(frame, prediction);
  }

  private reply(frame: Frame, prediction: PagePrediction | null, error: CatalogueError | null): void {
    if (prediction) frame.answer?.(prediction);
    if (error) frame.refuse?.(new Failure(error));
  }

  private count(frame: Frame, prediction: PagePrediction | null): void {
    this.statistics.latencyMs = this.tools.now() - frame.submittedAt;
    this.statistics.readbackMs = frame.picture.waitedMs;
    this.statistics.path = pathNumber(frame.path);
    if (!prediction) {
      this.statistics.failed += 1;
      return;
    }
    this.statistics.finished += 1;
    this.statistics.executeMs = prediction.executeMs;
    Object.assign(this.statistics, this.network?.stages);
    this.history.push(prediction);
    if (this.history.length > HISTORY_LIMIT) this.history.shift();
  }
}
