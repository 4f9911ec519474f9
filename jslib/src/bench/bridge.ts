/** This project's own ways in, driven through the page object as the generated `.jslib` drives it. */
import type { BridgeModel, PageConfig, PageModel, PageObject, PagePrediction } from "../api";
import { State, SubmitCode } from "../generated/abi";
import { loadScript, type Contender, type Finished, type Setup } from "./contender";
import { PIXELS, RESULT, RESULT_BYTES, TEXTURE, wavePicture, type Game } from "./game";

interface Scope {
  readonly tfjsBridge?: PageObject;
  tfjsBridgeConfig?: PageConfig;
}

const scope = globalThis as Scope;
const HANDLE = 1;
const MESSAGE_BYTES = 4096;
const MILLISECONDS = /Ms$/;

const nextFrame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));

function messageOf(model: BridgeModel, heap: Uint8Array): string {
  const length = model.message(RESULT, MESSAGE_BYTES);
  return length > 0 ? new TextDecoder().decode(heap.slice(RESULT, RESULT + length)) : "it gave no reason";
}

function base64Of(pixels: Uint8ClampedArray): string {
  const parts: string[] = [];
  for (let i = 0; i < pixels.length; i += 0x8000) parts.push(String.fromCharCode(...pixels.subarray(i, i + 0x8000)));
  return btoa(parts.join(""));
}

const scoresIn = (found?: PagePrediction): readonly number[] => (found?.task === "classification" ? found.scores : []);

class Bridge implements Contender {
  private probed: Finished | null = null;
  private failure: unknown = null;
  private probing = false;
  private readonly encoded = new Map<string, string>();

  constructor(
    private readonly model: BridgeModel,
    private readonly page: PageModel,
    private readonly game: Game,
  ) {}

  prepare(path: string): void {
    if (path === "probe") this.rgba();
  }

  submit(path: string, frame: number): boolean {
    if (path === "probe") return this.probe();
    const code = this.submitted(path, frame);
    if (code >= 0) return true;
    if (code === SubmitCode.NOT_READY) return false;
    throw new Error(`the way ${path} is refused with code ${code}: ${messageOf(this.model, this.game.heap)}`);
  }

  poll(): Finished | null {
    if (this.failure !== null) throw this.failure;
    if (this.probing) return this.takenProbe();
    const bytes = this.model.poll(RESULT, RESULT_BYTES);
    if (bytes === 0) return null;
    if (bytes < 0) throw new Error(messageOf(this.model, this.game.heap));
    return { scores: () => scoresIn(this.page.history.at(-1)), latencyMs: this.page.statistics["latencyMs"] ?? NaN };
  }

  tensors(): number {
    return this.page.restingTensors;
  }

  stages(): Record<string, number> {
    const { latencyMs: _, loadMs: _load, warmupMs: _warmup, ...rest } = this.page.statistics;
    return Object.fromEntries(Object.entries(rest).filter(([name]) => MILLISECONDS.test(name)));
  }

  private submitted(path: string, frame: number): number {
    const { width, height } = this.game.size;
    if (path === "texture") return this.model.submitTexture(TEXTURE, width, height, 0, frame);
    if (path === "pixels") return this.model.submitPixels(PIXELS, width, height, 0, frame);
    if (path === "camera") return this.model.submitCamera(0, frame);
    throw new Error(`there is no way called ${path}`);
  }

  /** Loads the picture's text before the time begins: in earnest the tool has it from a file. */
  private rgba(): string {
    const { shown, size } = this.game;
    const key = `${size.width}x${size.height} ${shown}`;
    const rgba = this.encoded.get(key) ?? base64Of(wavePicture(size, shown));
    this.encoded.set(key, rgba);
    return rgba;
  }

  private probe(): boolean {
    const rgba = this.rgba();
    const begun = performance.now();
    this.probing = true;
    this.page.predict({ ...this.game.size, rgba }).then(
      (found) => (this.probed = { scores: () => scoresIn(found), latencyMs: performance.now() - begun }),
      (thrown: unknown) => (this.failure = thrown),
    );
    return true;
  }

  private takenProbe(): Finished | null {
    const { probed } = this;
    this.probed = null;
    this.probing = probed === null;
    return probed;
  }
}

/** Loads the runtime and the model, as a game would; throws the runtime's own message where that fails. */
export async function openBridge(setup: Setup, game: Game): Promise<Contender> {
  const { backend, softwareWebgl, contractUrl, contractHash, scriptUrl } = setup;
  scope.tfjsBridgeConfig = { backend: backend as NonNullable<PageConfig["backend"]>, softwareWebgl };
  await loadScript(scriptUrl);
  const bridge = scope.tfjsBridge;
  if (!bridge) throw new Error("the runtime's script left no tfjsBridge");
  const model = bridge.create(HANDLE, contractUrl, contractHash, JSON.stringify({ backend }), game.host, scriptUrl);
  while (model.state() === State.LOADING) await nextFrame();
  if (model.state() !== State.READY) throw new Error(messageOf(model, game.heap));
  const page = bridge.models.find(({ handle }) => handle === HANDLE) as PageModel;
  if (page.backend !== backend) throw new Error(`it runs on ${page.backend}, not on ${backend}`);
  return new Bridge(model, page, game);
}
