/**
 * Pixels and videos into a texture of the game's own context. Unity's textures have immutable storage, so only their content changes;
 * their row 0 is the bottom row. The game's GL state is put back, as in guard.ts and tested alike: one line for each piece.
 *
 * Only what an upload depends on: samplers, programs and framebuffers do not matter to it, and of the pixel store not what is
 * for 3D textures.
 */
import { SubmitCode } from "../generated/abi";
import type { Pixels } from "../pixels/pixels";
import { guard, type Guarded, type Piece, state, withGuard } from "./guard";

type GL = WebGL2RenderingContext;

type Unpacking = "UNPACK_ALIGNMENT" | "UNPACK_ROW_LENGTH" | "UNPACK_SKIP_PIXELS" | "UNPACK_SKIP_ROWS" | "UNPACK_FLIP_Y_WEBGL" | "UNPACK_PREMULTIPLY_ALPHA_WEBGL";

/** How uploads read memory. */
const unpacking = <Value extends number | boolean>(name: Unpacking, needed: Value): Piece<Value> => ({
  ...state<Value>(name, (gl, was) => gl.pixelStorei(gl[name], was)),
  set: (gl) => gl.pixelStorei(gl[name], needed),
});

/** Of the unit that is active: which one it is does not matter. */
const texture = state<WebGLTexture | null>("TEXTURE_BINDING_2D", (gl, was) => gl.bindTexture(gl.TEXTURE_2D, was));
const unpackBuffer: Piece<WebGLBuffer | null> = {
  ...state<WebGLBuffer | null>("PIXEL_UNPACK_BUFFER_BINDING", (gl, was) => gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, was)),
  set: (gl) => gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null),
};

const UPLOADING: readonly Guarded[] = [
  guard("texture", texture),
  guard("unpackBuffer", unpackBuffer),
  guard("unpackAlignment", unpacking("UNPACK_ALIGNMENT", 1)),
  guard("unpackRowLength", unpacking("UNPACK_ROW_LENGTH", 0)),
  guard("unpackSkipPixels", unpacking("UNPACK_SKIP_PIXELS", 0)),
  guard("unpackSkipRows", unpacking("UNPACK_SKIP_ROWS", 0)),
  guard("unpackFlipY", unpacking("UNPACK_FLIP_Y_WEBGL", true)),
  guard("unpackPremultiplyAlpha", unpacking("UNPACK_PREMULTIPLY_ALPHA_WEBGL", false)),
];

/** Textures that took pixels of this kind before: to ask for errors would wait for the GPU. */
const taken = new WeakMap<WebGLTexture, string>();

const clearErrors = (gl: GL): void => {
  while (gl.getError() !== gl.NO_ERROR && !gl.isContextLost());
};

/** `send`s what is of this `kind`, and tells whether GL took it; leaves no GL error behind. */
function uploaded(gl: GL, texture: WebGLTexture, kind: string, send: () => void): boolean {
  const known = taken.get(texture) === kind;
  if (!known) clearErrors(gl);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  send();
  if (known) return true;
  const error = gl.getError();
  if (error === gl.NO_ERROR) taken.set(texture, kind);
  clearErrors(gl);
  return error === gl.NO_ERROR;
}

/**
 * Right side up for Unity: the picture's top row becomes the texture's last one. One channel goes into R8, four into RGBA8 or
 * SRGB8_ALPHA8, of the same size. ACCEPTED, or BAD_TEXTURE, or FAILED when the context is lost.
 */
export function uploadPixels(gl: GL, texture: WebGLTexture | null, { width, height, channels, bytes }: Pixels): number {
  const format = channels === 1 ? gl.RED : gl.RGBA;
  const send = (): void =>
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, format, gl.UNSIGNED_BYTE, bytes);
  return upload(gl, texture, `${width} ${height} ${channels}`, send);
}

/** The same for a video or a canvas of this size, in RGBA. */
export function uploadImage(gl: GL, texture: WebGLTexture | null, image: TexImageSource, width: number, height: number): number {
  const send = (): void =>
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, image);
  return upload(gl, texture, `${width} ${height} 4`, send);
}

function upload(gl: GL, texture: WebGLTexture | null, kind: string, send: () => void): number {
  if (gl.isContextLost()) return SubmitCode.FAILED;
  if (!texture || !gl.isTexture(texture)) return SubmitCode.BAD_TEXTURE;
  const accepted = withGuard(gl, () => uploaded(gl, texture, kind, send), UPLOADING);
  if (gl.isContextLost()) return SubmitCode.FAILED;
  return accepted ? SubmitCode.ACCEPTED : SubmitCode.BAD_TEXTURE;
}
