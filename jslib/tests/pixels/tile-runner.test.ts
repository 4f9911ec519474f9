import assert from "node:assert/strict";
import { test } from "node:test";
import { PictureReader } from "../../src/pixels/picture-reader";
import { TileRunner } from "../../src/pixels/tile-runner";
import type { Output } from "../../src/tasks";
import type { Runs } from "../../src/tasks/way";

const noise = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
const INPUT = { width: 16, height: 12 };
const reader = (): PictureReader => new PictureReader({ low: 0, high: 255, bgr: false }, false);

/** Twice as large; each pixel is the mean of itself and its neighbours to both sides, of which there are none outside. */
class Network implements Runs {
  readonly sizes: string[] = [];

  constructor(private readonly factor = 2) {}

  outputs(rgba: Uint8Array, { size = INPUT } = {}): Promise<Output[]> {
    const { width, height } = size;
    this.sizes.push(`${width}x${height}`);
    const { factor } = this;
    const values = new Float32Array(width * height * factor * factor * 3);
    const at = (x: number, y: number, c: number): number => (x < 0 || x >= width ? 0 : rgba[(y * width + x) * 4 + c]!);
    for (let out = 0, y = 0; y < height * factor; y++) {
      for (let x = 0; x < width * factor; x++) {
        const [from, line] = [Math.floor(x / factor), Math.floor(y / factor)];
        for (let c = 0; c < 3; c++) values[out++] = (at(from - 1, line, c) + at(from, line, c) + at(from + 1, line, c)) / 3;
      }
    }
    return Promise.resolve([{ shape: [1, height * factor, width * factor, 3], values }]);
  }
}

async function through(runner: TileRunner, network: Network, width: number, height: number): Promise<Uint8Array> {
  const rgba = noise(width * height * 4);
  const outputs = await runner.run(network, rgba, { width, height, mirror: false }, {});
  return reader().read(outputs[0]!, { mirror: false }).bytes;
}

async function whole(width: number, height: number): Promise<Uint8Array> {
  const size = { width, height };
  const [output] = await new Network().outputs(noise(width * height * 4), { size });
  return reader().read(output!, { mirror: false }).bytes;
}

test("a large picture comes out as if it had gone through in one piece", async () => {
  const network = new Network();
  assert.deepEqual(await through(new TileRunner({ margin: 2, free: true }, INPUT, reader()), network, 53, 31), await whole(53, 31));
  assert.deepEqual([...new Set(network.sizes)], ["16x12"]);
  assert.ok(network.sizes.length > 6);
});

test("a small picture goes in its own size where the network takes any", async () => {
  const network = new Network();
  assert.deepEqual(await through(new TileRunner({ margin: 2, free: true }, INPUT, reader()), network, 7, 31), await whole(7, 31));
  assert.equal(network.sizes[0], "7x12");
});

test("elsewhere its edges are repeated to fill the tile", async () => {
  const network = new Network();
  const found = await through(new TileRunner({ margin: 2, free: false }, INPUT, reader()), network, 7, 5);
  assert.deepEqual(network.sizes, ["16x12"]);
  const [expected, width] = [await whole(7, 5), 14];
  assert.equal(found.length, expected.length);
  const inner = (bytes: Uint8Array): Uint8Array => bytes.filter((_, at) => Math.floor(at / 4) % width < width - 2);
  assert.deepEqual(inner(found), inner(expected));
});

test("memory goes back when the result was read", async () => {
  const runner = new TileRunner({ margin: 2, free: true }, INPUT, reader());
  const run = async (): Promise<Output> => (await runner.run(new Network(), noise(20 * 20 * 4), { width: 20, height: 20, mirror: false }, {}))[0]!;
  const first = await run();
  first.levels?.();
  assert.equal((await run()).values, first.values);
});

test("a network whose results have no whole factor is refused", async () => {
  const runner = new TileRunner({ margin: 2, free: true }, INPUT, reader());
  const odd: Runs = { outputs: () => Promise.resolve([{ shape: [1, 13, 17, 3], values: new Float32Array(13 * 17 * 3) }]) };
  await assert.rejects(through(runner, odd as Network, 20, 20), /makes 17x13 pixels of a tile of 16x12/);
});
