/**
 * What stands in for a game: a WebGL 2 context that draws every frame, and one picture as a texture of that context, as
 * pixels in a heap, on a 2D canvas and in a video. Lends a model the same `Host` as the generated `.jslib` does.
 */
import type { Host } from "../api";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Pictures that take turns, so that no two predictions in a row see the same. */
export const PICTURES = 4;
export const TEXTURE = 1;
/** Where results go in the heap, and where pixels lie in it. */
export const RESULT = 1024;
export const RESULT_BYTES = 1 << 20;
export const PIXELS = RESULT + RESULT_BYTES;
const PAGE_BYTES = 65536;
const VIEW: Size = { width: 320, height: 180 };

const VERTEX = `#version 300 es
out vec2 at;
void main() { at = vec2(gl_VertexID & 1, gl_VertexID >> 1); gl_Position = vec4(at * 2.0 - 1.0, 0.0, 1.0); }`;
const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D picture;
uniform float light;
in vec2 at;
out vec4 color;
void main() { color = vec4(texture(picture, at).rgb * light, 1.0); }`;

/** Waves of few periods, the same at every size, so that all ways of resizing see nearly the same. RGBA, row 0 on top. */
export function wavePicture({ width, height }: Size, number: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let y = 0, place = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, place += 4) {
      const right = (2 * Math.PI * (x + 0.5)) / width;
      const down = (2 * Math.PI * (y + 0.5)) / height;
      pixels[place] = 127.5 + 90 * Math.sin(right + number);
      pixels[place + 1] = 127.5 + 90 * Math.sin(down + right - 2 * number);
      pixels[place + 2] = 127.5 + 90 * Math.cos(down - right + 3 * number);
      pixels[place + 3] = 255;
    }
  }
  return pixels;
}

function flipped(pixels: Uint8ClampedArray, { width, height }: Size): Uint8Array {
  const rows = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y += 1) rows.set(pixels.subarray(4 * width * y, 4 * width * (y + 1)), 4 * width * (height - 1 - y));
  return rows;
}

function shader(gl: WebGL2RenderingContext, kind: number, source: string): WebGLShader {
  const made = gl.createShader(kind) as WebGLShader;
  gl.shaderSource(made, source);
  gl.compileShader(made);
  return made;
}

function program(gl: WebGL2RenderingContext): WebGLProgram {
  const made = gl.createProgram();
  gl.attachShader(made, shader(gl, gl.VERTEX_SHADER, VERTEX));
  gl.attachShader(made, shader(gl, gl.FRAGMENT_SHADER, FRAGMENT));
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error("the game's shader does not link");
  return made;
}

function sourceTexture(gl: WebGL2RenderingContext, { width, height }: Size): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  return texture;
}

function canvasOf({ width, height }: Size): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  document.body.appendChild(canvas);
  return canvas;
}

export class Game {
  readonly gl: WebGL2RenderingContext;
  /** The picture on a 2D canvas, for those who know of no game. */
  readonly canvas: HTMLCanvasElement;
  readonly host: Host;
  /** Native ids → textures, as Emscripten's `GL.textures`. */
  readonly textures: (WebGLTexture | null)[];
  private readonly memory: WebAssembly.Memory;
  private readonly surface: CanvasRenderingContext2D;
  private readonly light: WebGLUniformLocation | null;
  private pictures: readonly ImageData[] = [];
  private upsideDown: readonly Uint8Array[] = [];
  private video: HTMLVideoElement | null = null;
  private drawn = 0;
  /** Of the picture. */
  size: Size = { width: 1, height: 1 };
  /** Number of the picture that is shown. */
  shown = 0;

  constructor(size: Size) {
    const gl = canvasOf(VIEW).getContext("webgl2", { antialias: false });
    if (!gl) throw new Error("this browser gives the game no WebGL 2 context");
    this.gl = gl;
    this.canvas = canvasOf(size);
    this.surface = this.canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(PIXELS / PAGE_BYTES) });
    const used = program(gl);
    gl.useProgram(used);
    gl.enable(gl.BLEND); // as games leave it
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    this.light = gl.getUniformLocation(used, "light");
    this.textures = [null];
    this.host = {
      heap: () => this.heap,
      gl: () => gl,
      texture: (id) => this.textures[id] ?? null,
      cameras: () => (this.video ? [this.video] : []),
    };
    this.resize(size);
  }

  /** Pictures of another size: another texture, and a heap that grows where it must. */
  resize(size: Size): void {
    this.size = size;
    const numbers = Array.from({ length: PICTURES }, (_, number) => number);
    this.pictures = numbers.map((number) => new ImageData(wavePicture(size, number), size.width, size.height));
    this.upsideDown = this.pictures.map(({ data }) => flipped(data, size));
    const missing = PIXELS + 4 * size.width * size.height - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.gl.deleteTexture(this.textures[TEXTURE] ?? null);
    this.textures[TEXTURE] = sourceTexture(this.gl, size);
    Object.assign(this.canvas, size);
    this.show(0);
  }

  /** The heap of this moment, as Emscripten's HEAPU8. */
  get heap(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  /** Puts a picture everywhere that one can be taken from: row 0 of texture and heap is the bottom row, as Unity's is. */
  show(number: number): void {
    const { gl, size } = this;
    const place = number % PICTURES;
    this.shown = place;
    const rows = this.upsideDown[place] as Uint8Array;
    this.heap.set(rows, PIXELS);
    gl.bindTexture(gl.TEXTURE_2D, this.textures[TEXTURE] as WebGLTexture);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, size.width, size.height, gl.RGBA, gl.UNSIGNED_BYTE, rows);
    this.surface.putImageData(this.pictures[place] as ImageData, 0, 0);
  }

  /** One frame of the game. */
  draw(): void {
    const { gl } = this;
    this.drawn += 1;
    gl.bindTexture(gl.TEXTURE_2D, this.textures[TEXTURE] as WebGLTexture);
    gl.uniform1f(this.light, 0.75 + 0.25 * Math.sin(this.drawn / 30));
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  /** Waits until all that was drawn so far is there, so that nobody pays for the game's own work. */
  settle(): void {
    this.gl.finish();
  }

  /** The canvas as the video of a webcam that the game has open; returns when it plays at the canvas' size. */
  async openCamera(): Promise<void> {
    const video = this.video ?? document.createElement("video");
    if (!this.video) {
      video.muted = true;
      video.autoplay = true;
      video.srcObject = this.canvas.captureStream();
    }
    while (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth !== this.size.width || video.paused) {
      this.show(this.drawn); // a canvas that nobody draws on gives its stream no picture
      this.draw();
      await new Promise(requestAnimationFrame);
    }
    this.video = video;
  }
}
