/**
 * Reads small pictures back without waiting for the GPU: it copies them into a buffer of its own, and the bytes are
 * fetched once the fence behind that copy has signalled. A timer asks for it, between the game's frames: to fetch it takes a
 * word with the GPU's process, for which no frame must wait. Where measuring has shown that the fence is seen late, what
 * an inference waits for is fetched without it; see habit.ts.
 */
import { CONTEXT_LOST } from "../generated/errors";
import { Failure } from "../failure";
import { Habit } from "./habit";
import { PACK_BUFFER, withGuard } from "./guard";
import { type Picture, pictureOf, Spares } from "./picture";

type GL = WebGL2RenderingContext;

/** A fence for which the game has asked so often is given up, and with it all later ones: reading then waits for the GPU. */
export const PATIENCE = 300;
/** Idle buffers that are kept. */
const SPARE_BUFFERS = 1;

/** One picture on its way. */
class Reading implements Picture {
  readonly pixels: Promise<Uint8Array>;
  waitedMs = 0;
  asked = 0;
  wanted = true;
  /** Tells how long the pixels took from now on, once they are there. */
  whenArrived: ((ms: number) => void) | null = null;
  private wantedAt = 0;
  private arrived: Uint8Array | null = null;
  private resolve!: (pixels: Uint8Array) => void;
  private reject!: (reason: Error) => void;
  private readonly begun = performance.now();

  constructor(
    readonly buffer: WebGLBuffer,
    readonly fence: WebGLSync,
    private readonly spares: Spares,
    private readonly hasten: (reading: Reading) => void,
  ) {
    this.pixels = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.pixels.catch(() => undefined); // nobody waits for the pixels of a frame that was dropped
  }

  want(): void {
    if (this.arrived || !this.wanted) return;
    this.wantedAt = performance.now();
    this.hasten(this);
  }

  arrive(pixels: Uint8Array): void {
    const now = performance.now();
    this.waitedMs = now - this.begun;
    this.whenArrived?.(now - this.wantedAt);
    this.arrived = pixels;
    this.resolve(pixels);
  }

  fail(reason: Error): void {
    this.wanted = false;
    this.reject(reason);
  }

  release(): void {
    if (this.wanted && this.arrived) this.spares.give(this.arrived);
    this.fail(new Error("the picture was given up before it was read back"));
  }
}

export class Readbacks {
  /** How many fences were given up. */
  givenUp = 0;
  private readonly underWay: Reading[] = [];
  private readonly buffers: WebGLBuffer[] = [];
  private readonly spares: Spares;
  private readonly habit = new Habit();
  private timed = false;

  /** `defer` calls back soon, in a task of its own. */
  constructor(
    private readonly gl: GL,
    private readonly width: number,
    private readonly height: number,
    private readonly defer: (callback: () => void) => void = (callback) => void setTimeout(callback),
  ) {
    this.spares = new Spares(width * height * 4);
  }

  /** Reads what is bound as READ_FRAMEBUFFER, inside the whole guard. */
  begin(): Picture {
    if (this.givenUp > 0) return this.atOnce();
    const { gl } = this;
    const buffer = this.buffers.pop() ?? this.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.readPixels(0, 0, this.width, this.height, gl.RGBA, gl.UNSIGNED_BYTE, 0);
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush(); // or a game that draws nothing more would wait for ever
    if (!fence) return this.without(buffer);
    const reading = new Reading(buffer, fence, this.spares, (wanted) => this.hasten(wanted));
    this.underWay.push(reading);
    this.lookSoon();
    return reading;
  }

  /** Within a call of the game: a fence that never signals is given up after so many of them. */
  collect(): void {
    if (this.underWay.length > 0 && this.gl.isContextLost()) return this.end(new Failure(CONTEXT_LOST()));
    for (const reading of this.underWay) if (++reading.asked === PATIENCE) this.givenUp += 1;
  }

  /** Deletes everything; what is on its way never comes. */
  dispose(): void {
    this.end(new Error("the picture was on its way when its model was disposed"));
  }

  private lookSoon(): void {
    if (this.timed) return;
    this.timed = true;
    this.defer(() => this.look());
  }

  /** Between two calls of the game. */
  private look(): void {
    this.timed = false;
    this.take((reading) => this.signalled(reading) || reading.asked >= PATIENCE);
    if (this.underWay.length > 0) this.lookSoon();
  }

  private hasten(wanted: Reading): void {
    const way = this.habit.next();
    wanted.whenArrived = (ms) => this.habit.took(way, ms);
    if (way === "once") this.take((reading) => reading === wanted);
  }

  private take(isDue: (reading: Reading) => boolean): void {
    try {
      this.fetchAll(this.underWay.filter(isDue));
    } catch (thrown) {
      this.end(thrown as Error); // nobody else would hear of it, and the game would wait
    }
  }

  private fetchAll(due: readonly Reading[]): void {
    if (this.gl.isContextLost()) return this.end(new Failure(CONTEXT_LOST()));
    if (due.length > 0) withGuard(this.gl, () => due.forEach((reading) => this.fetch(reading)), PACK_BUFFER);
  }

  private signalled({ fence }: Reading): boolean {
    const { gl } = this;
    return gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.SIGNALED;
  }

  private fetch(reading: Reading): void {
    const { gl } = this;
    if (reading.wanted) {
      const pixels = this.spares.take();
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, reading.buffer);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, pixels);
      reading.arrive(pixels);
    }
    this.underWay.splice(this.underWay.indexOf(reading), 1);
    gl.deleteSync(reading.fence);
    if (this.buffers.length < SPARE_BUFFERS) this.buffers.push(reading.buffer);
    else gl.deleteBuffer(reading.buffer);
  }

  private atOnce(): Picture {
    const { gl } = this;
    const pixels = this.spares.take();
    gl.readPixels(0, 0, this.width, this.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return pictureOf(pixels, this.spares);
  }

  private createBuffer(): WebGLBuffer {
    const { gl } = this;
    const buffer = gl.createBuffer()!;
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, this.width * this.height * 4, gl.STREAM_READ);
    return buffer;
  }

  /** There is no fence: the context is lost, or the driver is out of resources. */
  private without(buffer: WebGLBuffer): Picture {
    const { gl } = this;
    gl.deleteBuffer(buffer);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    return this.atOnce();
  }

  private end(reason: Error): void {
    for (const reading of this.underWay.splice(0)) {
      this.gl.deleteSync(reading.fence);
      this.gl.deleteBuffer(reading.buffer);
      reading.fail(reason);
    }
    for (const buffer of this.buffers.splice(0)) this.gl.deleteBuffer(buffer);
  }
}
