import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { colorMaskOf, packingOf, unwatch } from "../../src/image/watched";

const INDEXED = { colorMaskiOES: (): void => undefined };

/** What is asked for and called of a context. */
class FakeGL {
  readonly COLOR_WRITEMASK = 1;
  readonly PACK_ALIGNMENT = 2;
  readonly PACK_ROW_LENGTH = 3;
  readonly PACK_SKIP_PIXELS = 4;
  readonly PACK_SKIP_ROWS = 5;
  readonly UNPACK_ALIGNMENT = 6;
  asked = 0;
  readonly called: unknown[][] = [];
  readonly indexed = { ...INDEXED };

  getParameter(name: number): unknown {
    this.asked += 1;
    return name === this.COLOR_WRITEMASK ? [true, false, true, false] : name === this.PACK_ALIGNMENT ? 8 : 0;
  }

  getExtension(): unknown {
    return this.indexed;
  }

  colorMask(...given: unknown[]): void {
    this.called.push(given);
  }

  pixelStorei(...given: unknown[]): void {
    this.called.push(given);
  }
}

const opened = (): { fake: FakeGL; gl: WebGL2RenderingContext } => {
  const fake = new FakeGL();
  return { fake, gl: fake as unknown as WebGL2RenderingContext };
};

describe("state that is dear to ask for", () => {
  test("is asked for once, and known from then on by what the game calls", () => {
    const { fake, gl } = opened();
    assert.deepEqual([colorMaskOf(gl), packingOf(gl, "PACK_ALIGNMENT")], [[true, false, true, false], 8]);
    const { asked } = fake;
    gl.colorMask(false, true, 1 as unknown as boolean, false);
    gl.pixelStorei(gl.PACK_ALIGNMENT, 2);
    gl.pixelStorei(gl.PACK_ROW_LENGTH, 640);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    assert.deepEqual(colorMaskOf(gl), [false, true, true, false]);
    assert.deepEqual([packingOf(gl, "PACK_ALIGNMENT"), packingOf(gl, "PACK_ROW_LENGTH"), packingOf(gl, "PACK_SKIP_ROWS")], [2, 640, 0]);
    assert.deepEqual([fake.asked, fake.called.length], [asked, 4]);
  });

  test("does not follow values that the context refuses", () => {
    const { gl } = opened();
    assert.equal(packingOf(gl, "PACK_ALIGNMENT"), 8);
    gl.pixelStorei(gl.PACK_ALIGNMENT, 3);
    gl.pixelStorei(gl.PACK_ROW_LENGTH, -1);
    assert.deepEqual([packingOf(gl, "PACK_ALIGNMENT"), packingOf(gl, "PACK_ROW_LENGTH")], [8, 0]);
  });

  test("of one draw buffer among several is that of the first", () => {
    const { fake, gl } = opened();
    colorMaskOf(gl);
    const indexed = fake.indexed as unknown as OES_draw_buffers_indexed;
    indexed.colorMaskiOES(1, true, true, true, true);
    assert.deepEqual(colorMaskOf(gl), [true, false, true, false]);
    indexed.colorMaskiOES(0, false, false, false, true);
    assert.deepEqual(colorMaskOf(gl), [false, false, false, true]);
  });

  test("is forgotten, and the context's calls are its own again", () => {
    const { fake, gl } = opened();
    colorMaskOf(gl);
    unwatch(gl);
    assert.deepEqual([Object.keys(fake).filter((key) => /colorMask|pixelStorei/.test(key)), fake.indexed], [[], INDEXED]);
    const { asked } = fake;
    colorMaskOf(gl);
    assert.ok(fake.asked > asked);
  });

  test("leaves those in place who listen too", () => {
    const { fake, gl } = opened();
    const before = (gl.colorMask = (...given: unknown[]) => void fake.called.push(["before", ...given]));
    colorMaskOf(gl);
    const ours = gl.colorMask;
    const after = (gl.colorMask = (...given) => ours.call(gl, ...given));
    unwatch(gl);
    assert.equal(gl.colorMask, after);
    gl.colorMask(true, true, true, true);
    assert.deepEqual(fake.called, [["before", true, true, true, true]]);
    assert.notEqual(before, after);
  });
});
