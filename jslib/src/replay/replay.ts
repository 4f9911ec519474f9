/** One inference of TensorFlow.js's webgl backend as the calls that it comes to; another picture's bytes, and the same calls. */
import { backend as active, type Tensor } from "@tensorflow/tfjs-core";
import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import { getDenseTexShape, type Texture } from "@tensorflow/tfjs-backend-webgl/dist/tex_util";
import type { Output } from "../tasks";
import { Recording } from "./recording";

/** Makes the input tensor of a picture and the outputs of that; all are the caller's. */
export type Infer = (rgba: Uint8Array) => { readonly inputs: readonly Tensor[]; readonly outputs: readonly Tensor[] };

/** A buffer of the GPU into which an output's values go. */
interface Sink {
  readonly buffer: WebGLBuffer;
  readonly shape: number[];
  readonly size: number;
}

/** What TensorFlow.js keeps to itself. */
interface Inner {
  decode(dataId: object): { readonly dataId: object };
  readonly textureManager: { freeTextures: Record<string, Texture[]> | null };
}

const BYTES_PER_TEXEL = 16;

export class Replay {
  private readonly backend = active() as MathBackendWebGL;
  private readonly gl = this.backend.gpgpu.gl as WebGL2RenderingContext;
  private readonly pixels: Uint8Array;
  private readonly recording: Recording;
  private readonly sinks: Sink[] = [];
  private readonly held = new Map<string, Texture[]>();

  /** `bytes`: of a picture. */
  constructor(bytes: number) {
    this.pixels = new Uint8Array(bytes);
    this.recording = new Recording(this.gl, this.pixels);
  }

  /** Whether what was recorded can be played. */
  get good(): boolean {
    return this.recording.refused === null;
  }

  /** The first inference; null where its outputs are not on the GPU as floats. Throws what `infer` throws. */
  record(rgba: Uint8Array, infer: Infer): Promise<Output[]> | null {
    this.pixels.set(rgba);
    const { inputs, outputs } = this.recording.take(() => infer(this.pixels));
    try {
      if (!outputs.every((output) => this.isFetchable(output))) return null;
      outputs.forEach((output) => this.sinks.push(this.fetched(output)));
    } finally {
      this.recording.take(() => [...inputs, ...outputs].forEach((tensor) => tensor.dispose()));
    }
    this.hold();
    return this.read();
  }

  play(rgba: Uint8Array): Promise<Output[]> {
    this.pixels.set(rgba);
    this.recording.play();
    return this.read();
  }

  /** Gives back what is held of the backend. */
  dispose(): void {
    this.sinks.splice(0).forEach(({ buffer }) => this.gl.deleteBuffer(buffer));
    const { freeTextures } = this.inner.textureManager;
    if (freeTextures) this.held.forEach((textures, key) => freeTextures[key]?.push(...textures));
    this.held.clear();
  }

  private get inner(): Inner {
    return this.backend as unknown as Inner;
  }

  private isFetchable({ dataId, dtype }: Tensor): boolean {
    const { values, slice, complexTensorInfos } = this.backend.texData.get(dataId);
    return dtype === "float32" && !values && !slice && !complexTensorInfos;
  }

  /** As TensorFlow.js itself reads: values in a row, copied into a buffer. */
  private fetched({ dataId, shape, size }: Tensor): Sink {
    const { gl, recording } = this;
    const [rows, columns] = getDenseTexShape(shape);
    const sink = { buffer: this.createBuffer(rows * columns * BYTES_PER_TEXEL), shape, size };
    const decoded = recording.take(() => this.inner.decode(dataId)); // which leaves its texture in the framebuffer
    recording.take(() => {
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, sink.buffer);
      gl.readPixels(0, 0, columns, rows, gl.RGBA, gl.FLOAT, 0);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
      this.backend.disposeData(decoded.dataId);
    });
    return sink;
  }

  private createBuffer(bytes: number): WebGLBuffer {
    const { gl } = this;
    const buffer = gl.createBuffer() as WebGLBuffer;
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, bytes, gl.STREAM_READ);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    return buffer;
  }

  /** Takes the textures of the recording out of those that TensorFlow.js gives to others: weights could come to lie in them. */
  private hold(): void {
    const { textures } = this.recording;
    const { freeTextures } = this.inner.textureManager;
    for (const [key, free] of Object.entries(freeTextures ?? {})) {
      this.held.set(key, free.filter(({ texture }) => textures.has(texture)));
      (freeTextures as Record<string, Texture[]>)[key] = free.filter(({ texture }) => !textures.has(texture));
    }
  }

  private async read(): Promise<Output[]> {
    const { gl } = this;
    await this.backend.gpgpu.createAndWaitForFence();
    if (gl.isContextLost()) return new Promise(() => undefined); // the model hears of it, and abandons what is in flight
    return this.sinks.map(({ buffer, shape, size }) => {
      const values = new Float32Array(size);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, values);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
      return { shape, values };
    });
  }
}
