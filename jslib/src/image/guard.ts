/**
 * The game's GL state is sacred: what the blit needs or changes is saved, set and put back, by raw calls on the context, so
 * that the copies which Emscripten keeps of some of it (`currentProgram`, …) stay true.
 *
 * Only what is needed (uploads have a list of their own, see upload.ts). The blit draws into its own framebuffer of one colour texture, so depth, stencil and multisample
 * state have no effect on it; dithering has none on values that 8 bits hold exactly; nothing is uploaded, so unpack state
 * does not matter; draw and read buffers belong to the framebuffer, attributes to the vertex array object.
 *
 * Every entry stands on one line that begins with `guard("`: tests drop each line in turn and must notice.
 */
import { colorMaskOf, type Packing, packingOf } from "./watched";

type GL = WebGL2RenderingContext;

/** One piece of state. `set` gives it the value that the action needs, where the action does not set it on its own. */
export interface Piece<Value = unknown> {
  save(gl: GL): Value;
  set?(gl: GL): void;
  restore(gl: GL, value: Value): void;
}

export interface Guarded extends Piece {
  readonly name: string;
}

export const guard = <Value>(name: string, piece: Piece<Value>): Guarded => ({ name, ...(piece as Piece) });

/** State that `getParameter` reads and one call writes. */
export const state = <Value>(parameter: keyof GL & Uppercase<string>, restore: Piece<Value>["restore"]): Piece<Value> => ({
  save: (gl) => gl.getParameter(gl[parameter] as number) as Value,
  restore,
});

/** A capability that must be off. */
const off = (name: "BLEND" | "CULL_FACE" | "RASTERIZER_DISCARD" | "SCISSOR_TEST"): Piece<boolean> => ({
  save: (gl) => gl.isEnabled(gl[name]),
  set: (gl) => gl.disable(gl[name]),
  restore: (gl, was) => was && gl.enable(gl[name]),
});

const packing = (name: Packing, needed: number): Piece<number> => ({
  save: (gl) => packingOf(gl, name),
  set: (gl) => gl.pixelStorei(gl[name], needed),
  restore: (gl, was) => gl.pixelStorei(gl[name], was),
});

const activeTexture: Piece<number> = {
  ...state<number>("ACTIVE_TEXTURE", (gl, unit) => gl.activeTexture(unit)),
  set: (gl) => gl.activeTexture(gl.TEXTURE0),
};
const texture = state<WebGLTexture | null>("TEXTURE_BINDING_2D", (gl, was) => gl.bindTexture(gl.TEXTURE_2D, was));
const sampler = state<WebGLSampler | null>("SAMPLER_BINDING", (gl, was) => gl.bindSampler(0, was));
const program = state<WebGLProgram | null>("CURRENT_PROGRAM", (gl, was) => gl.useProgram(was));
const vertices = state<WebGLVertexArrayObject | null>("VERTEX_ARRAY_BINDING", (gl, was) => gl.bindVertexArray(was));
const framebuffer = (target: "DRAW_FRAMEBUFFER" | "READ_FRAMEBUFFER"): Piece<WebGLFramebuffer | null> =>
  state(`${target}_BINDING`, (gl, was) => gl.bindFramebuffer(gl[target], was));
const viewport = state<Int32Array>("VIEWPORT", (gl, [x, y, width, height]) => gl.viewport(x!, y!, width!, height!));
const colorMask: Piece<ReturnType<typeof colorMaskOf>> = {
  save: colorMaskOf,
  set: (gl) => gl.colorMask(true, true, true, true),
  restore: (gl, was) => gl.colorMask(...was),
};
const packBuffer: Piece<WebGLBuffer | null> = {
  ...state<WebGLBuffer | null>("PIXEL_PACK_BUFFER_BINDING", (gl, was) => gl.bindBuffer(gl.PIXEL_PACK_BUFFER, was)),
  set: (gl) => gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null),
};

/** In the order in which they are saved and set; the active texture unit comes before what belongs to a unit. */
export const GUARDED: readonly Guarded[] = [
  guard("activeTexture", activeTexture),
  guard("texture", texture),
  guard("sampler", sampler),
  guard("program", program),
  guard("vertexArray", vertices),
  guard("drawFramebuffer", framebuffer("DRAW_FRAMEBUFFER")),
  guard("readFramebuffer", framebuffer("READ_FRAMEBUFFER")),
  guard("viewport", viewport),
  guard("colorMask", colorMask),
  guard("scissorTest", off("SCISSOR_TEST")),
  guard("blend", off("BLEND")),
  guard("cullFace", off("CULL_FACE")),
  guard("rasterizerDiscard", off("RASTERIZER_DISCARD")),
  guard("packBuffer", packBuffer),
  guard("packAlignment", packing("PACK_ALIGNMENT", 4)),
  guard("packRowLength", packing("PACK_ROW_LENGTH", 0)),
  guard("packSkipPixels", packing("PACK_SKIP_PIXELS", 0)),
  guard("packSkipRows", packing("PACK_SKIP_ROWS", 0)),
];

/** What fetching the bytes of a buffer changes. */
export const PACK_BUFFER: readonly Guarded[] = GUARDED.filter(({ name }) => name === "packBuffer");

/**
 * Runs `action` with the state that it needs, and leaves all `pieces` as they were: for the blit those are all, with
 * texture unit 0 active.
 */
export function withGuard<Result>(gl: GL, action: () => Result, pieces: readonly Guarded[] = GUARDED): Result {
  const saved = pieces.map((piece) => {
    const value = piece.save(gl);
    piece.set?.(gl);
    return value;
  });
  try {
    return action();
  } finally {
    for (let i = pieces.length - 1; i >= 0; i--) pieces[i]!.restore(gl, saved[i]);
  }
}
