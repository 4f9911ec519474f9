import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PATIENCE, Readbacks } from "../../src/image/readback";

/** What a read-back needs of a context, with a GPU that is done when the test says so. */
class FakeGL {
  readonly PIXEL_PACK_BUFFER = 1;
  readonly PIXEL_PACK_BUFFER_BINDING = 2;
  readonly SIGNALED = 3;
  bound: unknown = null;
  done = false;
  asked = 0;
  fetched = 0;
  alive = 0;
  broken: Error | null = null;
  isContextLost = (): boolean => false;
  getParameter = (): unknown => this.bound;
  createBuffer = (): object => (this.alive++, {});
  deleteBuffer = (): void => void this.alive--;
  fenceSync = (): object => (this.alive++, {});
  deleteSync = (): void => void this.alive--;
  bindBuffer = (_target: number, buffer: unknown): void => void (this.bound = buffer);
  bufferData = (): void => undefined;
  readPixels = (): void => undefined;
  flush = (): void => undefined;

  getSyncParameter(): number {
    this.asked += 1;
    return this.done ? this.SIGNALED : 0;
  }

  getBufferSubData(_target: number, _offset: number, pixels: Uint8Array): void {
    if (this.broken) throw this.broken;
    this.fetched += 1;
    pixels.fill(7);
  }
}

function begun(): { gl: FakeGL; turns: (() => void)[]; readbacks: Readbacks } {
  const [gl, turns] = [new FakeGL(), [] as (() => void)[]];
  const readbacks = new Readbacks(gl as unknown as WebGL2RenderingContext, 1, 1, (callback) => turns.push(callback));
  return { gl, turns, readbacks };
}

describe("a picture that is read back", () => {
  test("comes between two calls of the game, and the game's buffer stays bound", async () => {
    const { gl, turns, readbacks } = begun();
    const picture = readbacks.begin();
    const games = (gl.bound = {});
    turns.shift()!();
    assert.equal(gl.fetched, 0);
    gl.done = true;
    turns.shift()!();
    assert.deepEqual([...(await picture.pixels)], [7, 7, 7, 7]);
    assert.deepEqual([gl.bound === games, turns.length], [true, 0]);
  });

  test("never comes in a call of the game, whose frame must not wait for the GPU's process", async () => {
    const { gl, turns, readbacks } = begun();
    const picture = readbacks.begin();
    gl.done = true;
    readbacks.collect();
    assert.equal(gl.fetched, 0);
    turns.shift()!();
    await picture.pixels;
    assert.deepEqual([gl.fetched, turns.length], [1, 0]);
  });

  test("whose fence never signals is waited for after so many calls of the game, and all later ones at once", async () => {
    const { gl, turns, readbacks } = begun();
    const picture = readbacks.begin();
    for (let i = 1; i < PATIENCE; i += 1) readbacks.collect();
    turns.shift()!();
    assert.deepEqual([gl.fetched, readbacks.givenUp], [0, 0]);
    readbacks.collect();
    turns.shift()!();
    await picture.pixels;
    assert.deepEqual([gl.fetched, readbacks.givenUp], [1, 1]);
    readbacks.begin();
    assert.deepEqual([gl.alive, turns.length], [1, 0]); // the spare buffer
  });

  test("is looked for by one timer, however many are under way", () => {
    const { turns, readbacks } = begun();
    readbacks.begin();
    readbacks.begin();
    assert.equal(turns.length, 1);
  });

  test("is not given up by a timer, which knows nothing of frames", () => {
    const { gl, turns, readbacks } = begun();
    readbacks.begin();
    for (let i = 0; i < 2 * PATIENCE; i += 1) turns.shift()!();
    assert.deepEqual([readbacks.givenUp, gl.fetched, gl.asked], [0, 0, 2 * PATIENCE]);
  });

  test("and cannot be fetched is rejected with the reason, and frees what it holds", async () => {
    const { gl, turns, readbacks } = begun();
    const picture = readbacks.begin();
    Object.assign(gl, { done: true, broken: new RangeError("no memory") });
    turns.shift()!();
    await assert.rejects(picture.pixels, /no memory/);
    assert.deepEqual([gl.alive, turns.length], [0, 0]);
  });

  test("is looked for no more once everything is disposed of", async () => {
    const { gl, turns, readbacks } = begun();
    const picture = readbacks.begin();
    readbacks.dispose();
    turns.shift()!();
    await assert.rejects(picture.pixels, /disposed/);
    assert.deepEqual([gl.asked, turns.length, gl.alive], [0, 0, 0]);
  });
});
