/** The GL objects that all blits on one context share; they live as long as someone holds them. */
import { fragment, UNIFORMS, type Variant, VERTEX } from "./shaders";
import { unwatch } from "./watched";

type GL = WebGL2RenderingContext;

type Uniform = (typeof UNIFORMS)[number];

export interface Program {
  readonly program: WebGLProgram;
  readonly uniforms: Readonly<Record<Uniform, WebGLUniformLocation | null>>;
}

/** The objects of one context. */
export class Shared {
  holders = 0;
  /** Empty: the vertex stage reads no attributes. */
  readonly vertices: WebGLVertexArrayObject;
  /** NEAREST, so that textures without mip levels are complete whatever their own parameters say. */
  readonly sampler: WebGLSampler;
  readonly maxSize: number;
  private readonly programs = new Map<string, Program>();

  constructor(private readonly gl: GL) {
    this.vertices = gl.createVertexArray()!;
    this.sampler = gl.createSampler()!;
    gl.samplerParameteri(this.sampler, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.samplerParameteri(this.sampler, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    this.maxSize = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
  }

  /** Compiled when first asked for; throws an Error when the driver refuses the shaders. */
  program(variant: Variant): Program {
    const key = `${variant.pass} ${variant.linear}`;
    const program = this.programs.get(key) ?? compiled(this.gl, variant);
    this.programs.set(key, program);
    return program;
  }

  delete(): void {
    for (const { program } of this.programs.values()) this.gl.deleteProgram(program);
    this.gl.deleteVertexArray(this.vertices);
    this.gl.deleteSampler(this.sampler);
  }
}

const shared = new WeakMap<GL, Shared>();

function shader(gl: GL, type: number, text: string): WebGLShader {
  const result = gl.createShader(type)!;
  gl.shaderSource(result, text);
  gl.compileShader(result);
  return result;
}

function linked(gl: GL, variant: Variant): WebGLProgram {
  const program = gl.createProgram()!;
  const shaders = [shader(gl, gl.VERTEX_SHADER, VERTEX), shader(gl, gl.FRAGMENT_SHADER, fragment(variant))];
  for (const part of shaders) gl.attachShader(program, part);
  gl.linkProgram(program);
  const works = gl.getProgramParameter(program, gl.LINK_STATUS) as boolean | null;
  const logs = works ? [] : [gl.getProgramInfoLog(program), ...shaders.map((part) => gl.getShaderInfoLog(part))];
  for (const part of shaders) gl.deleteShader(part);
  if (works || gl.isContextLost()) return program;
  gl.deleteProgram(program);
  throw new Error(`the blit's shaders do not link: ${logs.join("\n")}`);
}

function compiled(gl: GL, variant: Variant): Program {
  const program = linked(gl, variant);
  const uniforms = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]));
  return { program, uniforms: uniforms as Program["uniforms"] };
}

/** Creates the objects for the first holder. Changes no state. */
export function acquire(gl: GL): Shared {
  const objects = shared.get(gl) ?? new Shared(gl);
  objects.holders++;
  shared.set(gl, objects);
  return objects;
}

/** Deletes the objects with the last holder. */
export function release(gl: GL): void {
  const objects = shared.get(gl);
  if (!objects || --objects.holders > 0) return;
  shared.delete(gl);
  objects.delete();
  unwatch(gl);
}
