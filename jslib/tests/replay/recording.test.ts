import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Recording } from "../../src/replay/recording";

class FakeTexture {}
Object.assign(globalThis, { WebGLTexture: FakeTexture });

/** A context that tells what it is asked. */
class FakeGL {
  readonly told: unknown[][] = [];
  readonly getParameter = (name: number): number => name;

  useProgram(...given: unknown[]): void {
    this.told.push(["useProgram", ...given]);
  }

  uniform1fv(...given: unknown[]): void {
    this.told.push(["uniform1fv", ...given]);
  }

  bindTexture(...given: unknown[]): void {
    this.told.push(["bindTexture", ...given]);
  }

  texSubImage2D(...given: unknown[]): void {
    this.told.push(["texSubImage2D", ...given.map((value) => (ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value))]);
  }

  readPixels(): void {}

  createTexture(): object {
    return {};
  }

  getBufferSubData(): void {}
}

type Calls = Record<string, (...given: unknown[]) => unknown>;

function opened(): { gl: FakeGL & Calls; pixels: Uint8Array; recording: Recording } {
  const [gl, pixels] = [new FakeGL() as FakeGL & Calls, Uint8Array.of(1, 2)];
  return { gl, pixels, recording: new Recording(gl as unknown as WebGL2RenderingContext, pixels) };
}

/** Methods of a class are not enumerable, those of a context are. */
for (const name of Object.getOwnPropertyNames(FakeGL.prototype)) {
  if (name !== "constructor") Object.defineProperty(FakeGL.prototype, name, { enumerable: true });
}

describe("a recording", () => {
  test("makes the same calls again, in their order, and none that only ask", () => {
    const { gl, recording } = opened();
    const texture = new FakeTexture();
    const found = recording.take(() => {
      gl.useProgram("first");
      gl.bindTexture(1, texture);
      return gl.getParameter(7);
    });
    const before = gl.told.splice(0);
    recording.play();
    assert.deepEqual([found, gl.told, before.length, recording.refused], [7, before, 2, null]);
    assert.deepEqual([...recording.textures], [texture]);
  });

  test("sends the picture of the moment, and all other arrays as they were", () => {
    const { gl, pixels, recording } = opened();
    const values = Float32Array.of(5);
    recording.take(() => {
      gl.uniform1fv("place", values);
      gl.texSubImage2D("target", pixels);
    });
    gl.told.length = 0;
    values[0] = 6;
    pixels.set([8, 9]);
    recording.play();
    assert.deepEqual(gl.told, [["uniform1fv", "place", Float32Array.of(5)], ["texSubImage2D", "target", [8, 9]]]);
  });

  test("is refused where something is created, uploaded, or read by the page", () => {
    const refusedBy = (work: (gl: Calls) => unknown): string | null => {
      const { gl, recording } = opened();
      recording.take(() => work(gl));
      return recording.refused;
    };
    assert.equal(refusedBy((gl) => gl["createTexture"]!()), "createTexture");
    assert.equal(refusedBy((gl) => gl["texSubImage2D"]!("target", Uint8Array.of(1))), "texSubImage2D");
    assert.equal(refusedBy((gl) => gl["readPixels"]!(0, 0, new Float32Array(1))), "readPixels");
    assert.equal(refusedBy((gl) => gl["getBufferSubData"]!(0, 0, new Float32Array(1))), "getBufferSubData");
    assert.equal(refusedBy((gl) => gl["readPixels"]!(0, 0, 0)), null);
  });

  test("leaves the context's methods as they were, also where the work throws", () => {
    const { gl, recording } = opened();
    const own = (gl["useProgram"] = () => undefined);
    assert.throws(() => recording.take(() => { throw new RangeError("no"); }), RangeError);
    assert.deepEqual(Object.keys(gl).sort(), ["getParameter", "told", "useProgram"]);
    assert.equal(gl["useProgram"], own);
  });
});
