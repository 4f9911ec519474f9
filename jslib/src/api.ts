/**
 * The two surfaces of the runtime: what the generated `.jslib` sees (`Host`, `BridgeModel`), and what a page, a
 * developer in the console or the verify harness sees (`PageObject`, `PageModel`). Both hang on `globalThis.tfjsBridge`.
 */
import type { Contract } from "./generated/contract";
import type { TaskPrediction } from "./tasks";

/** What the `.jslib` lends to the runtime: one object per Unity instance. Nothing it returns may be kept. */
export interface Host {
  /** Emscripten's HEAPU8 of this very moment; memory growth makes an older one useless. */
  heap(): Uint8Array;
  /** The game's current WebGL 2 context, or null (WebGPU and WebGL 1 players, none current). */
  gl(): WebGL2RenderingContext | null;
  /** The texture behind a native id, or null. */
  texture(id: number): WebGLTexture | null;
  /** Video elements of the webcams that Unity itself has open. */
  cameras(): HTMLVideoElement[];
}

/** A model as the `.jslib` drives it. Numbers are those of `builder/abi.py` (see `generated/abi.ts`). */
export interface BridgeModel {
  state(): number;
  progress(): number;
  errorCode(): number;
  message(dst: number, size: number): number;
  submitTexture(texture: number, width: number, height: number, flags: number, frame: number): number;
  submitPixels(pixels: number, width: number, height: number, flags: number, frame: number): number;
  submitCamera(flags: number, frame: number): number;
  readonly camera: BridgeCamera;
  poll(dst: number, size: number): number;
  copyPixels(frame: number, dst: number, size: number): number;
  pixelsToTexture(frame: number, texture: number, width: number, height: number): number;
  copyInput(dst: number, size: number): number;
  stats(dst: number, size: number): number;
  dispose(): void;
}

/** The camera as the `.jslib` drives it for one model. */
export interface BridgeCamera {
  open(facing: number, width: number, height: number, rotation: number, flags: number): number;
  state(): number;
  errorCode(): number;
  message(dst: number, size: number): number;
  width(): number;
  height(): number;
  texture(texture: number, width: number, height: number): number;
  close(): void;
}

/** A picture as the page object takes it: RGBA, 8 bits a channel, row 0 on top, base64. */
export interface PageImage {
  readonly width: number;
  readonly height: number;
  readonly rgba: string;
}

/** A prediction as the page object gives it: what the model's task finds, see `tasks/`, and where it came from. */
export type PagePrediction = TaskPrediction & {
  readonly path: "pixels" | "texture" | "camera" | "probe";
  readonly frame: number;
  readonly executeMs: number;
};

export interface PageError {
  /** Number and id of the error catalogue, for example 105 and "HASH_MISMATCH". */
  readonly code: number;
  readonly id: string;
  /** What, why and next step, in one text. */
  readonly message: string;
}

/** The camera as the page sees it through one model. */
export interface PageCamera {
  /** The names of CameraState in `builder/abi.py`. */
  readonly phase:
    | "closed" | "asking" | "open" | "permission-denied" | "no-camera" | "in-use" | "unplugged" | "insecure-page"
    | "not-allowed-in-frame" | "stopped" | "failed";
  readonly error: PageError | null;
  /** Of an upright picture; 0x0 while there is none. */
  readonly size: { readonly width: number; readonly height: number };
}

/** A model as the page sees it. */
export interface PageModel {
  readonly handle: number;
  readonly contractUrl: string;
  /** The contract, once it has been fetched. */
  readonly contract: Contract | null;
  readonly contractHash: string;
  readonly phase: "loading" | "ready" | "failed" | "disposed";
  readonly progressNow: number;
  readonly error: PageError | null;
  /** What computes: TensorFlow.js, or for ONNX models ONNX Runtime Web; "" before it is known. */
  readonly engineName: "" | "tensorflow.js" | "onnxruntime";
  /** The backend that really runs, "" before it is known. */
  readonly backend: "" | "webgl" | "wasm" | "cpu";
  /**
   * The backends that were tried where the choice was `auto`: milliseconds of an inference, or why one was left out. The
   * page's first model chooses; empty where an earlier visit knew, or where there was no choice.
   */
  readonly trials: readonly { readonly backend: string; readonly ms: number | null; readonly error: PageError | null }[];
  readonly camera: PageCamera;
  /** Numbers by the names of STATS in `builder/abi.py`. */
  readonly statistics: Record<string, number>;
  /**
   * Live tensors of the whole page, counted when this model's newest inference had ended and without those that other
   * inferences held at that moment: equal numbers before and after mean that nothing leaked. -1 while the model is not ready;
   * always 0 for an ONNX model, as ONNX Runtime does not count its tensors.
   */
  readonly restingTensors: number;
  /** How many inferences were a recorded one made again, which webgl does where that gives the same to the bit. */
  readonly replayed: number;
  /** The newest predictions that the game itself asked for, oldest first, at most 32. */
  readonly history: readonly PagePrediction[];
  /** Predicts on a picture, without touching the game: waits in line, changes neither `history` nor `poll`. */
  predict(image: PageImage): Promise<PagePrediction>;
}

/** `globalThis.tfjsBridge` */
export interface PageObject {
  /** Version of this object's shape. */
  readonly version: 1;
  readonly abi: number;
  /** Version of tfjs-for-unity that built this runtime. */
  readonly generator: string;
  /** Every model created on this page that is not disposed. */
  readonly models: readonly PageModel[];
  /** What draws for the webgl backend, for example "ANGLE (Google, Vulkan … SwiftShader …)"; "" without WebGL. */
  readonly renderer: string;
  /** For the `.jslib` alone. `scriptUrl` is where this script was loaded from; wasm files lie beside it. */
  create(handle: number, contractUrl: string, contractHash: string, optionsJson: string, host: Host, scriptUrl: string): BridgeModel;
}

/** A page, or the harness, may set `globalThis.tfjsBridgeConfig` before the game starts; it wins over Create's options. */
export interface PageConfig {
  readonly backend?: "auto" | "webgl" | "wasm";
  /** Let TF.js use WebGL without a GPU: right for tests, far too slow for players. */
  readonly softwareWebgl?: boolean;
  /** Keep the models' files on the player's device for the next visit; true unless said otherwise. */
  readonly keep?: boolean;
}
