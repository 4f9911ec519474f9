/** The page in which tests/e2e/test_blit.py drives the blit: `globalThis.blitPage`. */
import type { Preprocess } from "../../src/generated/contract";
import { Blitter } from "../../src/image/blit";
import { Camera } from "../../src/image/camera";
import { CameraUse } from "../../src/image/camera-use";
import type { Picture } from "../../src/image/picture";
import { PATIENCE } from "../../src/image/readback";
import { resizePixels } from "../../src/image/resize";
import { differences, hostileGame, plainUploads, snapshot } from "./hostile";

type Storage = "RGBA8" | "SRGB8_ALPHA8" | "RGBA16F";

interface Outcome {
  /** RGBA as base64 of each blit, or its SubmitCode. */
  readonly results: (string | number)[];
  /** Names of the state that differs afterwards. */
  readonly changed: string[];
  readonly glError: number;
}

type Job = { readonly pre: Preprocess; readonly flags: number };
type Source = readonly [texture: WebGLTexture | null, width: number, height: number];

const canvas = document.createElement("canvas");
const gl = canvas.getContext("webgl2", { antialias: false })!;
const setHostile = hostileGame(gl);
const calls = countCalls(gl);

/** Counts getError, and objects that were created and not deleted. */
function countCalls(context: WebGL2RenderingContext): { getError: number; alive: number } {
  const counts = { getError: 0, alive: 0 };
  const methods = context as unknown as Record<string, (...values: unknown[]) => unknown>;
  for (const name in context) {
    const made = /^(create[A-Z]|fenceSync)/.test(name) ? 1 : /^delete[A-Z]/.test(name) ? -1 : 0;
    if (!made && name !== "getError") continue;
    const original = methods[name]!.bind(context);
    methods[name] = (...values) => {
      if (name === "getError") counts.getError++;
      else if (made > 0 || values[0]) counts.alive += made;
      return original(...values);
    };
  }
  return counts;
}

const decode = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

function encode(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** A texture; that of RGBA8 has the default filter and no mip levels, so it is incomplete for ordinary sampling. */
function upload(storage: Storage, width: number, height: number, memory: string): WebGLTexture {
  const texture = gl.createTexture()!;
  const bytes = decode(memory);
  plainUploads(gl);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  if (storage === "RGBA8") {
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  } else {
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl[storage], width, height);
    const [type, data] = storage === "RGBA16F" ? [gl.FLOAT, new Float32Array(bytes.buffer)] : [gl.UNSIGNED_BYTE, bytes];
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, type, data);
  }
  return texture;
}

const nextFrame = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Collects in every frame until the picture is there, and gives it as base64; a code stays itself. `once`: as an inference that waits. */
async function arrived(blitter: Blitter, taken: Picture | number, once = false): Promise<string | number> {
  if (typeof taken === "number") return taken;
  if (once) taken.want?.();
  const text = taken.pixels.then(encode);
  let settled = false;
  void text.catch(() => undefined).then(() => (settled = true));
  for (; !settled; await nextFrame()) blitter.collect();
  taken.release();
  return text;
}

/** Blits, and collects, while the game's state is hostile. */
async function guarded(source: Source, jobs: { readonly blitter: Blitter; readonly flags: number }[]): Promise<Outcome> {
  setHostile();
  const before = snapshot(gl);
  const taken = jobs.map(({ blitter, flags }) => blitter.blit(gl, ...source, flags));
  const changed = differences(before, snapshot(gl));
  const results = [];
  for (const [i, { blitter }] of jobs.entries()) results.push(await arrived(blitter, taken[i]!, i % 2 === 0));
  return { results, changed: [...changed, ...differences(before, snapshot(gl))], glError: gl.getError() };
}

async function blits(storage: Storage, width: number, height: number, memory: string, jobs: Job[]): Promise<Outcome> {
  const texture = upload(storage, width, height, memory);
  const all = jobs.map(({ pre, flags }) => ({ blitter: new Blitter(pre), flags }));
  const outcome = await guarded([texture, width, height], all);
  for (const { blitter } of all) blitter.dispose();
  gl.deleteTexture(texture);
  return outcome;
}

/** `count` frames of one picture; the different results among them, state that any frame changed, objects alive after each. */
async function frames(storage: Storage, width: number, height: number, memory: string, { pre, flags }: Job, count: number): Promise<Outcome & { alive: number[] }> {
  const texture = upload(storage, width, height, memory);
  const blitter = new Blitter(pre);
  const [results, changed, alive] = [new Set<string | number>(), new Set<string>(), []] as [Set<string | number>, Set<string>, number[]];
  let glError = 0;
  for (let frame = 0; frame < count; frame++) {
    const outcome = await guarded([texture, width, height], [{ blitter, flags }]);
    outcome.results.forEach((result) => results.add(result));
    outcome.changed.forEach((name) => changed.add(name));
    glError ||= outcome.glError;
    alive.push(calls.alive);
  }
  blitter.dispose();
  gl.deleteTexture(texture);
  return { results: [...results], changed: [...changed], glError, alive };
}

/** Things that are no usable texture, by name. */
function unusable(): Record<string, Source> {
  plainUploads(gl);
  const make = (target: number): WebGLTexture => {
    const texture = gl.createTexture()!;
    gl.bindTexture(target, texture);
    gl.texStorage2D(target, 1, gl.RGBA8, 8, 8);
    return texture;
  };
  const good = make(gl.TEXTURE_2D);
  const deleted = make(gl.TEXTURE_2D);
  gl.deleteTexture(deleted);
  const foreign = document.createElement("canvas").getContext("webgl2")!;
  const other = foreign.createTexture()!;
  foreign.bindTexture(foreign.TEXTURE_2D, other);
  const beyond = (gl.getParameter(gl.MAX_TEXTURE_SIZE) as number) + 1;
  return {
    null: [null, 8, 8], deleted: [deleted, 8, 8], cube: [make(gl.TEXTURE_CUBE_MAP), 8, 8], foreign: [other, 8, 8],
    unbound: [gl.createTexture(), 8, 8], empty: [good, 0, 8], negative: [good, 8, -1], huge: [good, beyond, 8],
    fraction: [good, 0.5, 8], notANumber: [good, NaN, 8],
  };
}

async function refusals(pre: Preprocess): Promise<Record<string, Outcome>> {
  const blitter = new Blitter(pre);
  const outcomes: Record<string, Outcome> = {};
  for (const [name, source] of Object.entries(unusable())) outcomes[name] = await guarded(source, [{ blitter, flags: 0 }]);
  blitter.dispose();
  return outcomes;
}

/** A texture that is deleted after it was used: the first outcome and the second. */
async function deletedInBetween(pre: Preprocess, memory: string): Promise<Outcome[]> {
  const texture = upload("RGBA8", 4, 4, memory);
  const blitter = new Blitter(pre);
  const both = [];
  for (let time = 0; time < 2; time++) {
    both.push(await guarded([texture, 4, 4], [{ blitter, flags: 0 }]));
    gl.deleteTexture(texture);
  }
  blitter.dispose();
  return both;
}

/**
 * Objects alive: before, after each blit of sizes that alternate, after dispose with pictures on their way; and the
 * getError calls of the blits. Every other picture is given up at once.
 */
async function lifetimes(pre: Preprocess, sizes: [number, number][], rounds: number): Promise<{ alive: number[]; getError: number }> {
  const textures = sizes.map(([width, height]) => upload("RGBA8", width, height, btoa("x".repeat(width * height * 4))));
  const blitters = [new Blitter(pre), new Blitter(pre)];
  const alive = [calls.alive];
  const getError = calls.getError;
  for (let round = 0; round < rounds; round++) {
    for (const [i, texture] of textures.entries()) {
      for (const blitter of blitters) {
        (blitter.blit(gl, texture, ...sizes[i]!, 0) as Picture).release();
        await arrived(blitter, blitter.blit(gl, texture, ...sizes[i]!, 0));
      }
      alive.push(calls.alive);
    }
  }
  for (const blitter of blitters) blitter.blit(gl, textures[0]!, ...sizes[0]!, 0);
  const checks = calls.getError - getError;
  for (const blitter of blitters) blitter.dispose();
  alive.push(calls.alive);
  for (const texture of textures) gl.deleteTexture(texture);
  return { alive, getError: checks };
}

/** What a blit gives on a lost context, and what became of the picture that was on its way. */
async function afterContextLoss(pre: Preprocess): Promise<[number | string, string] | string> {
  const mortal = document.createElement("canvas").getContext("webgl2")!;
  const texture = mortal.createTexture()!;
  mortal.bindTexture(mortal.TEXTURE_2D, texture);
  mortal.texStorage2D(mortal.TEXTURE_2D, 1, mortal.RGBA8, 8, 8);
  const blitter = new Blitter(pre);
  const onItsWay = blitter.blit(mortal, texture, 8, 8, 0);
  if (typeof onItsWay === "number") return "the blit failed before";
  mortal.getExtension("WEBGL_lose_context")!.loseContext();
  const result = blitter.blit(mortal, texture, 8, 8, 0);
  blitter.collect();
  const ended = await onItsWay.pixels.then(() => "pixels", (thrown: Error) => thrown.message);
  blitter.dispose();
  return [typeof result === "number" ? result : "pixels", ended];
}

/** What becomes of a picture whose blitter is disposed while it is on its way. */
async function afterDispose(pre: Preprocess): Promise<string> {
  const texture = upload("RGBA8", 4, 4, btoa("x".repeat(64)));
  const blitter = new Blitter(pre);
  const taken = blitter.blit(gl, texture, 4, 4, 0) as Picture;
  blitter.dispose();
  gl.deleteTexture(texture);
  return taken.pixels.then(() => "pixels", (thrown: Error) => thrown.message);
}

/** A GPU that never tells that it is done: two blits, how often was collected for each, and the fences given up. */
async function neverSignalled(pre: Preprocess, memory: string): Promise<{ outcome: Outcome; collected: number[]; givenUp: number }> {
  const texture = upload("RGBA8", 4, 4, memory);
  const blitter = new Blitter(pre);
  const honest = gl.getSyncParameter.bind(gl);
  gl.getSyncParameter = () => gl.UNSIGNALED;
  setHostile();
  const before = snapshot(gl);
  const [results, collected]: [string[], number[]] = [[], []];
  for (let time = 0; time < 2; time++) {
    const picture = blitter.blit(gl, texture, 4, 4, 0) as Picture;
    let [pixels, count]: [Uint8Array | null, number] = [null, 0];
    void picture.pixels.then((found) => (pixels = found));
    await Promise.resolve();
    for (let turns = 0; !pixels && turns < 2 * PATIENCE; turns++, await nextFrame()) {
      if (blitter.givenUp > 0) continue;
      blitter.collect();
      count++;
    }
    results.push(encode(pixels!));
    collected.push(count);
  }
  const outcome = { results, changed: differences(before, snapshot(gl)), glError: gl.getError() };
  gl.getSyncParameter = honest;
  const { givenUp } = blitter;
  blitter.dispose();
  gl.deleteTexture(texture);
  return { outcome, collected, givenUp };
}

/** Milliseconds: medians of `rounds` blits, and of as many calls of resizePixels. */
function times(pre: Preprocess, width: number, height: number, rounds: number): { blit: number; resize: number; first: number } {
  const bytes = new Uint8Array(width * height * 4).map((_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  const texture = upload("RGBA8", width, height, encode(bytes));
  const blitter = new Blitter(pre);
  const layout = { width, height, bytesPerPixel: 4, topRowFirst: false, mirror: false } as const;
  const target = new Uint8Array(pre.width * pre.height * 4);
  const clock = (action: () => unknown): number => {
    const start = performance.now();
    action();
    return performance.now() - start;
  };
  const median = (action: () => unknown): number => {
    const all = Array.from({ length: rounds }, () => clock(action)).sort((a, b) => a - b);
    return all[rounds >> 1]!;
  };
  const first = clock(() => blitter.blit(gl, texture, width, height, 0));
  return { first, blit: median(() => blitter.blit(gl, texture, width, height, 0)), resize: median(() => resizePixels(bytes, layout, pre, target)) };
}

const host = { heap: () => new Uint8Array(0), gl: () => gl, texture: () => null, cameras: () => [] };
const camera = new CameraUse(new Camera(), host, document);
const cameraFrame = (): { width: number; height: number; rgba: string } | string | null => {
  const frame = camera.picture(false);
  if ("code" in frame) return frame.error?.message ?? null;
  return { width: frame.layout.width, height: frame.layout.height, rgba: encode(frame.pixels) };
};

const renderer = (): string => String(gl.getParameter(gl.RENDERER));

Object.assign(globalThis, {
  blitPage: { blits, frames, refusals, deletedInBetween, lifetimes, afterContextLoss, afterDispose, neverSignalled, patience: PATIENCE, times, cameraFrame, camera, renderer },
});
