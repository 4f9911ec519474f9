/** The GL objects that all blits on one context share; they live as long as someone holds them. */
import { FRAGMENT, VERTEX } from "./shaders";

type GL = WebGL2RenderingContext;

const UNIFORMS = [
  "image", "size", "axisX", "axisY", "start", "sourceTop", "targetTop", "pass", "bottomUp", "mirror", "linear",
] as const;
type Uniform = (typeof UNIFORMS)[number];

export interface BlitProgram {
  readonly program: WebGLProgram;
  readonly uniforms: Readonly<Record<Uniform, WebGLUniformLocation | null>>;
  /** Empty: the vertex stage reads no attributes. */
  readonly vertices: WebGLVertexArrayObject;
  /** NEAREST, so that textures without mip levels are complete whatever their own parameters say. */
  readonly sampler: WebGLSampler;
  readonly maxSize: number;
}

const shared = new WeakMap<GL, { readonly objects: BlitProgram; holders: number }>();

function shader(gl: GL, type: number, text: string): WebGLShader {
  const result = gl.createShader(type)!;
  gl.shaderSource(result, text);
  gl.compileShader(result);
  return result;
}

function linked(gl: GL): WebGLProgram {
  const program = gl.createProgram()!;
  const shaders = [shader(gl, gl.VERTEX_SHADER, VERTEX), shader(gl, gl.FRAGMENT_SHADER, FRAGMENT)];
  for (const part of shaders) gl.attachShader(program, part);
  gl.linkProgram(program);
  const works = gl.getProgramParameter(program, gl.LINK_STATUS) as boolean | null;
  const log = works ? "" : [gl.getProgramInfoLog(program), ...shaders.map((part) => gl.getShaderInfoLog(part))].join("\n");
  for (const part of shaders) gl.deleteShader(part);
  if (works || gl.isContextLost()) return program;
  gl.deleteProgram(program);
  throw new Error(`the blit's shaders do not link: ${log}`);
}

function nearestSampler(gl: GL): WebGLSampler {
  const sampler = gl.createSampler()!;
  gl.samplerParameteri(sampler, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.samplerParameteri(sampler, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  return sampler;
}

function create(gl: GL): BlitProgram {
  const program = linked(gl);
  const uniforms = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
  return {
    program,
    uniforms: uniforms as BlitProgram["uniforms"],
    vertices: gl.createVertexArray()!,
    sampler: nearestSampler(gl),
    maxSize: gl.getParameter(gl.MAX_TEXTURE_SIZE) as number,
  };
}

/** Creates the objects for the first holder. Changes no state. Throws when the driver refuses the shaders. */
export function acquire(gl: GL): BlitProgram {
  const entry = shared.get(gl) ?? { objects: create(gl), holders: 0 };
  entry.holders++;
  shared.set(gl, entry);
  return entry.objects;
}

/** Deletes the objects with the last holder. */
export function release(gl: GL): void {
  const entry = shared.get(gl);
  if (!entry || --entry.holders > 0) return;
  shared.delete(gl);
  gl.deleteProgram(entry.objects.program);
  gl.deleteVertexArray(entry.objects.vertices);
  gl.deleteSampler(entry.objects.sampler);
}
