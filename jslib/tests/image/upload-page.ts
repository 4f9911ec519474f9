/** The page in which tests/e2e/test_upload.py uploads pixels into the game's textures: `globalThis.uploadPage`. */
import { uploadPixels } from "../../src/image/upload";
import { differences, hostileGame, plainUploads, snapshot } from "./hostile";

type Storage = "R8" | "RGBA8" | "SRGB8_ALPHA8";

const gl = document.createElement("canvas").getContext("webgl2", { antialias: false })!;
const setHostile = hostileGame(gl);

const decode = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const encode = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

function textureOf(storage: Storage, width: number, height: number): WebGLTexture {
  const texture = gl.createTexture()!;
  plainUploads(gl);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl[storage], width, height);
  return texture;
}

/** What lies in a texture, row 0 of the texture first, as RGBA. */
function content(texture: WebGLTexture, width: number, height: number): string {
  const framebuffer = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  gl.pixelStorei(gl.PACK_ALIGNMENT, 1);
  for (const name of ["PACK_ROW_LENGTH", "PACK_SKIP_PIXELS", "PACK_SKIP_ROWS"] as const) gl.pixelStorei(gl[name], 0);
  const bytes = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  gl.deleteFramebuffer(framebuffer);
  return encode(bytes);
}

/** Uploads the pictures one after the other into one texture while the game's state is hostile. */
function uploads(storage: Storage, width: number, height: number, channels: 1 | 4, pictures: string[]) {
  const texture = textureOf(storage, width, height);
  const found = pictures.map((picture, index) => {
    setHostile();
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, index % 2 === 0); // one is what the upload needs, the other what it must put back
    const before = snapshot(gl);
    const code = uploadPixels(gl, texture, { width, height, channels, bytes: decode(picture) });
    const changed = differences(before, snapshot(gl));
    return { code, changed, glError: gl.getError(), content: content(texture, width, height) };
  });
  gl.deleteTexture(texture);
  return found;
}

/** The codes for what is no such texture, by name, and what changed by asking. */
function refusals(): Record<string, { code: number; changed: string[]; glError: number }> {
  const pixels = { width: 4, height: 4, channels: 4, bytes: new Uint8Array(64) } as const;
  const deleted = textureOf("RGBA8", 4, 4);
  gl.deleteTexture(deleted);
  plainUploads(gl);
  const cube = gl.createTexture()!;
  gl.bindTexture(gl.TEXTURE_CUBE_MAP, cube);
  const foreign = document.createElement("canvas").getContext("webgl2")!;
  const other = foreign.createTexture()!;
  foreign.bindTexture(foreign.TEXTURE_2D, other);
  const textures = { null: null, deleted, cube, foreign: other, small: textureOf("RGBA8", 3, 4), mask: textureOf("R8", 4, 4), unbound: gl.createTexture() };
  return Object.fromEntries(Object.entries(textures).map(([name, texture]) => {
    setHostile();
    const before = snapshot(gl);
    const code = uploadPixels(gl, texture, pixels);
    return [name, { code, changed: differences(before, snapshot(gl)), glError: gl.getError() }];
  }));
}

function afterContextLoss(): number {
  const mortal = document.createElement("canvas").getContext("webgl2")!;
  const texture = mortal.createTexture();
  mortal.getExtension("WEBGL_lose_context")!.loseContext();
  return uploadPixels(mortal, texture, { width: 1, height: 1, channels: 1, bytes: new Uint8Array(1) });
}

Object.assign(globalThis, { uploadPage: { uploads, refusals, afterContextLoss } });
