/** One model from Create to Dispose, as the bridge and the page see it. */
import { SourceFlags, State, STATS, SubmitCode } from "./generated/abi";
import type { Contract } from "./generated/contract";
import { BACKEND_LOST, CONTEXT_LOST, FETCH_FAILED, MODEL_FAILED, PREDICT_FAILED, type CatalogueError } from "./generated/errors";
import type { BridgeModel, Host, PageConfig, PageError, PageImage, PageModel, PagePrediction } from "./api";
import type { Engine } from "./engine";
import { entryOf, Failure, reasonOf } from "./failure";
import { watchGameContext } from "./game-context";
import { uploadPixels } from "./image/upload";
import type { Network } from "./loading";
import { writeOutcome, writePixels, writeStats, writeText } from "./memory";
import { loadOptions, type BackendName } from "./options";
import { type CameraLike, KNOWN_FLAGS, Pictures, type Placed, type PictureTools, type Taken } from "./pictures";
import { Predictor, type PredictorTools } from "./predictor";
import { prepare, type Prepared, type Tools } from "./preparing";
import { Recoveries, RECOVERY_LIMIT } from "./recoveries";
import { backendNumber, emptyStatistics, type PathName } from "./statistics";
import { contractUrlOf } from "./urls";

/** What Create was called with. */
export interface Creation {
  readonly handle: number;
  readonly contractUrl: string;
  readonly contractHash: string;
  readonly optionsJson: string;
  readonly host: Host;
  readonly scriptUrl: string;
}

/** What a model needs of the page around it. */
export interface Environment extends Tools, PredictorTools {
  readonly pictures: PictureTools;
  readonly config: PageConfig | undefined;
  readonly pageUrl: string;
  /** The model was disposed: the page forgets it. */
  forget(model: Model): void;
}

const PHASES = ["loading", "ready", "failed", "disposed"] as const;

/** What exists from the first time that a model is ready to its end. */
interface Running {
  readonly predictor: Predictor;
  readonly pictures: Pictures;
}

export class Model implements BridgeModel, PageModel {
  readonly handle: number;
  readonly contractUrl: string;
  readonly contractHash: string;
  readonly camera: CameraLike;
  contract: Contract | null = null;
  private phaseNumber: number = State.LOADING;
  private fraction = 0;
  private entry: CatalogueError | null = null;
  /** Set for good once the game's own context is lost: no inference that fails with it, as when the whole GPU goes, may hide that. */
  private gameLost: CatalogueError | null = null;
  private engine: Engine | null = null;
  private running: Running | null = null;
  private network: Network | null = null;
  private stopListening: () => void = () => undefined;
  private readonly stopWatching: () => void;
  private readonly numbers = emptyStatistics();
  private readonly recoveries = new Recoveries();
  private attempt = new AbortController();
  private predictions: readonly PagePrediction[] = [];
  private probes = 0;

  constructor(
    private readonly creation: Creation,
    private readonly environment: Environment,
  ) {
    this.handle = creation.handle;
    this.contractHash = creation.contractHash;
    this.camera = environment.pictures.camera(creation.host);
    this.stopWatching = watchGameContext(creation.host, () => (this.entry = this.gameLost = CONTEXT_LOST()));
    this.contractUrl = this.resolved(creation.contractUrl);
    if (this.phaseNumber === State.LOADING) void this.load();
  }

  // --- the bridge ---

  state(): number {
    return this.phaseNumber;
  }

  progress(): number {
    return this.fraction;
  }

  errorCode(): number {
    return this.entry?.code ?? 0;
  }

  message(dst: number, size: number): number {
    return writeText(this.creation.host.heap(), dst, size, this.entry?.message ?? "");
  }

  submitPixels(pixels: number, width: number, height: number, flags: number, frame: number): number {
    return this.submit("pixels", flags, frame, (pictures) => pictures.fromHeap(pixels, width, height, flags));
  }

  submitTexture(texture: number, width: number, height: number, flags: number, frame: number): number {
    return this.submit("texture", flags, frame, (pictures) => pictures.fromTexture(texture, width, height, flags));
  }

  submitCamera(flags: number, frame: number): number {
    return this.submit("camera", flags, frame, (pictures) => pictures.fromCamera(flags));
  }

  poll(dst: number, size: number): number {
    this.running?.pictures.collect();
    const outcome = this.running?.predictor.peek();
    if (!outcome) return 0;
    const written = writeOutcome(this.creation.host.heap(), dst, size, outcome);
    if (written >= -1) this.running?.predictor.take();
    return written;
  }

  copyPixels(frame: number, dst: number, size: number): number {
    const pixels = this.running?.predictor.pixelsOf(frame);
    return pixels ? writePixels(this.creation.host.heap(), dst, size, pixels) : 0;
  }

  pixelsToTexture(frame: number, texture: number, width: number, height: number): number {
    const pixels = this.running?.predictor.pixelsOf(frame);
    if (!pixels) return SubmitCode.NOT_READY;
    const { host } = this.creation;
    const gl = host.gl();
    if (!gl) return SubmitCode.NO_GL_CONTEXT;
    if (width !== pixels.width || height !== pixels.height) return SubmitCode.BAD_TEXTURE;
    return uploadPixels(gl, host.texture(texture), pixels);
  }

  copyInput(dst: number, size: number): number {
    const pixels = this.running?.predictor.seen.pixels();
    return pixels ? writePixels(this.creation.host.heap(), dst, size, pixels) : 0;
  }

  stats(dst: number, size: number): number {
    return writeStats(this.creation.host.heap(), dst, size, this.statistics);
  }

  dispose(): void {
    if (this.phaseNumber === State.DISPOSED) return;
    this.phaseNumber = State.DISPOSED;
    this.attempt.abort();
    this.release();
    this.environment.forget(this);
  }

  // --- the page ---

  get phase(): PageModel["phase"] {
    return PHASES[this.phaseNumber] as PageModel["phase"];
  }

  get progressNow(): number {
    return this.fraction;
  }

  get error(): PageError | null {
    return this.entry;
  }

  get engineName(): PageModel["engineName"] {
    return this.engine?.library ?? "";
  }

  get backend(): "" | BackendName {
    return this.engine?.backend ?? "";
  }

  get trials(): PageModel["trials"] {
    return this.engine?.trials ?? [];
  }

  get statistics(): Record<(typeof STATS)[number], number> {
    const { tensors, bytes } = this.engine?.memory() ?? { tensors: 0, bytes: 0 };
    const readbacksGivenUp = this.running?.pictures.givenUp ?? 0;
    return { ...this.numbers, tensors, tensorBytes: bytes, readbacksGivenUp };
  }

  get restingTensors(): number {
    return this.network?.resting ?? -1;
  }

  get replayed(): number {
    return this.network?.played ?? 0;
  }

  get history(): readonly PagePrediction[] {
    return this.predictions.slice();
  }

  async predict(image: PageImage): Promise<PagePrediction> {
    const running = this.running;
    if (!running || this.phaseNumber !== State.READY) throw this.unready();
    const submittedAt = this.environment.now();
    const placed = running.pictures.fromPage(image);
    return new Promise((answer, refuse) => {
      this.probes += 1;
      running.predictor.submit({ kind: "probe", path: "probe", frame: this.probes, ...placed, submittedAt, answer, refuse });
    });
  }

  private unready(): Failure {
    const failed = this.phaseNumber === State.FAILED ? this.entry : null;
    return new Failure(failed ?? PREDICT_FAILED({ reason: `the model is ${this.phase}, not ready` }));
  }

  // --- loading ---

  /** The contract's absolute URL; one that cannot be resolved is the model's error, not the caller's. */
  private resolved(url: string): string {
    try {
      return contractUrlOf(url, this.environment.pageUrl);
    } catch (thrown) {
      this.fail(FETCH_FAILED({ url, reason: reasonOf(thrown) }));
      return url;
    }
  }

  /** One attempt. An aborted one tells nothing any more: another has begun, or the model has ended. */
  private async load(): Promise<void> {
    const { signal } = (this.attempt = new AbortController());
    const begun = this.environment.now();
    try {
      const prepared = await this.prepared(signal);
      this.ready(prepared, this.environment.now() - begun);
    } catch (thrown) {
      if (!signal.aborted) this.fail(entryOf(thrown, MODEL_FAILED));
    }
  }

  private prepared(signal: AbortSignal): Promise<Prepared> {
    const { contractUrl, contractHash, creation, environment } = this;
    const options = loadOptions(creation.optionsJson, environment.config);
    const request = { contractUrl, contractHash, options, scriptUrl: creation.scriptUrl, signal };
    return prepare(request, environment, {
      contract: (contract) => (this.contract = contract),
      engine: (engine) => signal.aborted || this.found(engine),
      fraction: (done) => signal.aborted || (this.fraction = done),
    });
  }

  private found(engine: Engine): void {
    this.engine = engine;
    const [wrong] = engine.trials.filter(({ error }) => error?.id === "BACKEND_LEFT_OUT");
    this.entry ??= wrong?.error ?? null; // the game goes on, but whoever makes it should know
    this.stopListening = engine.onLost(() => this.lost());
  }

  private ready({ contract, engine, network, warmupMs }: Prepared, loadMs: number): void {
    this.network = network;
    this.running ??= this.begin(contract);
    this.running.predictor.use(network);
    Object.assign(this.numbers, { warmupMs, loadMs, backend: backendNumber(engine.backend) });
    this.fraction = 1;
    this.phaseNumber = State.READY;
  }

  private begin(contract: Contract): Running {
    const predictor = new Predictor(contract, this.numbers, (error) => (this.entry = this.gameLost ?? error), this.environment);
    const pictures = new Pictures(contract.model, this.creation.host, this.environment.pictures, this.camera);
    this.predictions = predictor.history;
    return { predictor, pictures };
  }

  // --- ending ---

  /** The first failure counts: what it cuts short fails too, and says less. */
  private fail(error: CatalogueError): void {
    if (this.phaseNumber === State.DISPOSED || this.phaseNumber === State.FAILED) return;
    this.attempt.abort();
    this.entry = error;
    this.phaseNumber = State.FAILED;
    this.release();
  }

  /** Begins anew: the game sees LOADING, then READY. Its camera stays open, and its results stay to be fetched. */
  private lost(): void {
    this.attempt.abort();
    // The weights are gone already, so nothing waits for what is in flight.
    this.network?.dispose();
    this.network = this.engine = null;
    if (!this.recoveries.begin(this.environment.now())) return this.fail(BACKEND_LOST({ times: RECOVERY_LIMIT + 1 }));
    this.fraction = 0;
    this.phaseNumber = State.LOADING;
    this.running?.predictor.lose(new Failure(PREDICT_FAILED({ reason: "the WebGL context of TensorFlow.js was lost" })));
    void this.load();
  }

  /** Lets everything go; the network follows when the inference in flight has ended. */
  private release(): void {
    const { running, network } = this;
    this.running = this.network = null;
    this.stopListening();
    this.stopWatching();
    this.camera.dispose();
    if (!running) return;
    running.pictures.dispose();
    void running.predictor.stop().then(() => network?.dispose());
  }

  // --- frames ---

  private submit(path: Exclude<PathName, "probe">, flags: number, frame: number, take: (pictures: Pictures) => Taken): number {
    const submittedAt = this.environment.now();
    const running = this.running;
    running?.pictures.collect();
    if (this.phaseNumber === State.LOADING) return SubmitCode.NOT_READY;
    if (!running) return SubmitCode.FAILED;
    if ((flags & ~KNOWN_FLAGS[path]) !== 0) return SubmitCode.UNSUPPORTED;
    const kind = (flags & SourceFlags.QUEUE) !== 0 ? "queued" : "latest";
    if (kind === "queued" && running.predictor.full) return SubmitCode.QUEUE_FULL;
    const taken = this.taken(() => take(running.pictures));
    if ("code" in taken) return this.refused(taken);
    this.numbers.submitted += 1;
    this.numbers.submitMs = this.environment.now() - submittedAt;
    const begun = running.predictor.submit({ kind, path, frame, ...taken, submittedAt });
    return begun ? SubmitCode.ACCEPTED : SubmitCode.QUEUED;
  }

  /** An exception must not cross into the game's code: there it would stop the player. */
  private taken(take: () => Taken): Taken {
    try {
      return take();
    } catch (thrown) {
      return { code: SubmitCode.FAILED, error: entryOf(thrown, PREDICT_FAILED) };
    }
  }

  private refused({ code, error }: Exclude<Taken, Placed>): number {
    if (error) this.entry = error;
    return code;
  }
}
