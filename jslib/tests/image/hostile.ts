/** A game that leaves its GL state in the worst condition, and a look at all of that state. */

type GL = WebGL2RenderingContext;

function gameTarget(gl: GL): { texture: WebGLTexture; framebuffer: WebGLFramebuffer } {
  const texture = gl.createTexture()!;
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, 16, 16);
  const framebuffer = gl.createFramebuffer()!;
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  return { texture, framebuffer };
}

function gameProgram(gl: GL): WebGLProgram {
  const program = gl.createProgram()!;
  const texts = ["void main() { gl_Position = vec4(0.0); }", "precision lowp float; out vec4 c; void main() { c = vec4(1.0); }"];
  texts.forEach((text, i) => {
    const shader = gl.createShader(i === 0 ? gl.VERTEX_SHADER : gl.FRAGMENT_SHADER)!;
    gl.shaderSource(shader, `#version 300 es\n${text}`);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  });
  gl.linkProgram(program);
  return program;
}

function gameSampler(gl: GL): WebGLSampler {
  const sampler = gl.createSampler()!;
  gl.samplerParameteri(sampler, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
  gl.samplerParameteri(sampler, gl.TEXTURE_COMPARE_MODE, gl.COMPARE_REF_TO_TEXTURE);
  return sampler;
}

/** Creates the game's objects; the function that is returned sets the state, again and again. */
export function hostileGame(gl: GL): () => void {
  const [first, second, third] = [gameTarget(gl), gameTarget(gl), gameTarget(gl)];
  const program = gameProgram(gl);
  const [sampler, other] = [gameSampler(gl), gameSampler(gl)];
  const vertices = gl.createVertexArray()!;
  const [pack, unpack, uniforms] = [gl.createBuffer()!, gl.createBuffer()!, gl.createBuffer()!];
  return () => {
    units(gl, [first.texture, second.texture], [sampler, other]);
    gl.useProgram(program);
    gl.bindVertexArray(vertices);
    gl.enableVertexAttribArray(0);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, third.framebuffer);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, second.framebuffer);
    gl.bindBuffer(gl.UNIFORM_BUFFER, uniforms);
    tests(gl);
    transfers(gl, pack, unpack);
  };
}

function units(gl: GL, textures: WebGLTexture[], samplers: WebGLSampler[]): void {
  [0, 3].forEach((unit, i) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, textures[i]!);
    gl.bindSampler(unit, samplers[i]!);
  });
}

/** Everything between the fragment stage and the colours, those that must not matter to the blit included. */
function tests(gl: GL): void {
  gl.viewport(3, 5, 7, 11);
  gl.depthRange(0.25, 0.5);
  gl.clearColor(0.1, 0.2, 0.3, 0.4);
  gl.colorMask(false, true, false, true);
  gl.scissor(1, 1, 2, 2);
  gl.blendFunc(gl.ONE, gl.ONE);
  gl.blendEquation(gl.FUNC_REVERSE_SUBTRACT);
  gl.cullFace(gl.FRONT_AND_BACK);
  gl.frontFace(gl.CW);
  gl.depthFunc(gl.NEVER);
  gl.depthMask(false);
  gl.stencilFunc(gl.NEVER, 1, 255);
  gl.sampleCoverage(0, true);
  gl.polygonOffset(5, 5);
  const on = [
    gl.SCISSOR_TEST, gl.BLEND, gl.CULL_FACE, gl.DEPTH_TEST, gl.STENCIL_TEST, gl.DITHER, gl.POLYGON_OFFSET_FILL,
    gl.SAMPLE_ALPHA_TO_COVERAGE, gl.SAMPLE_COVERAGE, gl.RASTERIZER_DISCARD,
  ];
  for (const capability of on) gl.enable(capability);
}

function transfers(gl: GL, pack: WebGLBuffer, unpack: WebGLBuffer): void {
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, pack);
  gl.pixelStorei(gl.PACK_ALIGNMENT, 8);
  gl.pixelStorei(gl.PACK_ROW_LENGTH, 4001);
  gl.pixelStorei(gl.PACK_SKIP_PIXELS, 2);
  gl.pixelStorei(gl.PACK_SKIP_ROWS, 3);
  gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, unpack);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 8);
  gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 4001);
  gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, 2);
  gl.pixelStorei(gl.UNPACK_SKIP_ROWS, 3);
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, true);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
}

/** For uploads by the test itself. */
export function plainUploads(gl: GL): void {
  gl.bindBuffer(gl.PIXEL_UNPACK_BUFFER, null);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
  for (const name of ["UNPACK_ROW_LENGTH", "UNPACK_SKIP_PIXELS", "UNPACK_SKIP_ROWS"] as const) gl.pixelStorei(gl[name], 0);
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
}

const GLOBAL = `ACTIVE_TEXTURE ARRAY_BUFFER_BINDING BLEND BLEND_COLOR BLEND_DST_ALPHA BLEND_DST_RGB BLEND_EQUATION_ALPHA
  BLEND_EQUATION_RGB BLEND_SRC_ALPHA BLEND_SRC_RGB COLOR_CLEAR_VALUE COLOR_WRITEMASK COPY_READ_BUFFER_BINDING
  COPY_WRITE_BUFFER_BINDING CULL_FACE CULL_FACE_MODE CURRENT_PROGRAM DEPTH_CLEAR_VALUE DEPTH_FUNC DEPTH_RANGE DEPTH_TEST
  DEPTH_WRITEMASK DITHER DRAW_BUFFER0 DRAW_FRAMEBUFFER_BINDING ELEMENT_ARRAY_BUFFER_BINDING FRAGMENT_SHADER_DERIVATIVE_HINT
  FRONT_FACE GENERATE_MIPMAP_HINT LINE_WIDTH PACK_ALIGNMENT PACK_ROW_LENGTH PACK_SKIP_PIXELS PACK_SKIP_ROWS
  PIXEL_PACK_BUFFER_BINDING PIXEL_UNPACK_BUFFER_BINDING POLYGON_OFFSET_FACTOR POLYGON_OFFSET_FILL POLYGON_OFFSET_UNITS
  RASTERIZER_DISCARD READ_BUFFER READ_FRAMEBUFFER_BINDING RENDERBUFFER_BINDING SAMPLE_ALPHA_TO_COVERAGE SAMPLE_COVERAGE
  SAMPLE_COVERAGE_INVERT SAMPLE_COVERAGE_VALUE SCISSOR_BOX SCISSOR_TEST STENCIL_BACK_FAIL STENCIL_BACK_FUNC
  STENCIL_BACK_PASS_DEPTH_FAIL STENCIL_BACK_PASS_DEPTH_PASS STENCIL_BACK_REF STENCIL_BACK_VALUE_MASK
  STENCIL_BACK_WRITEMASK STENCIL_CLEAR_VALUE STENCIL_FAIL STENCIL_FUNC STENCIL_PASS_DEPTH_FAIL STENCIL_PASS_DEPTH_PASS
  STENCIL_REF STENCIL_TEST STENCIL_VALUE_MASK STENCIL_WRITEMASK TRANSFORM_FEEDBACK_ACTIVE TRANSFORM_FEEDBACK_BINDING
  TRANSFORM_FEEDBACK_BUFFER_BINDING TRANSFORM_FEEDBACK_PAUSED UNIFORM_BUFFER_BINDING UNPACK_ALIGNMENT
  UNPACK_COLORSPACE_CONVERSION_WEBGL UNPACK_FLIP_Y_WEBGL UNPACK_IMAGE_HEIGHT UNPACK_PREMULTIPLY_ALPHA_WEBGL
  UNPACK_ROW_LENGTH UNPACK_SKIP_IMAGES UNPACK_SKIP_PIXELS UNPACK_SKIP_ROWS VERTEX_ARRAY_BINDING VIEWPORT`.split(/\s+/);
const PER_UNIT = ["TEXTURE_BINDING_2D", "TEXTURE_BINDING_CUBE_MAP", "TEXTURE_BINDING_3D", "TEXTURE_BINDING_2D_ARRAY", "SAMPLER_BINDING"];

/** The whole state by name; objects are themselves, lists are text. */
export function snapshot(gl: GL): Map<string, unknown> {
  const value = (name: string): unknown => {
    const found: unknown = gl.getParameter((gl as unknown as Record<string, number>)[name]!);
    return ArrayBuffer.isView(found) || Array.isArray(found) ? String(found) : found;
  };
  const state = new Map(GLOBAL.map((name) => [name, value(name)]));
  const active = state.get("ACTIVE_TEXTURE") as number;
  for (let unit = 0; unit < 16; unit++) {
    gl.activeTexture(gl.TEXTURE0 + unit);
    for (const name of PER_UNIT) state.set(`${name} ${unit}`, value(name));
  }
  gl.activeTexture(active);
  return state;
}

/** Names of what differs. */
export const differences = (before: Map<string, unknown>, after: Map<string, unknown>): string[] =>
  [...before.keys()].filter((name) => before.get(name) !== after.get(name));
