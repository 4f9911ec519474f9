/**
 * The GL path: a texture of the game's own context becomes the model's input size on the GPU, and only that small picture
 * is read back, without waiting for it. The same bytes as `resizePixels`, up to one level.
 */
import { SourceFlags, SubmitCode } from "../generated/abi";
import type { Preprocess } from "../generated/contract";
import { type Axis, covers, type Plan, plan, reach, type Shape } from "./geometry";
import { withGuard } from "./guard";
import type { Picture } from "./picture";
import { acquire, type Program, release, type Shared } from "./program";
import { Readbacks } from "./readback";
import type { Pass } from "./shaders";

type GL = WebGL2RenderingContext;

/** A texture to draw into. */
interface Target {
  readonly texture: WebGLTexture;
  readonly framebuffer: WebGLFramebuffer;
}

/** What belongs to one source size. `stage` holds the rows between the two passes of `triangle`. */
interface Sized {
  readonly width: number;
  readonly height: number;
  readonly shape: Shape | null;
  readonly plan: Plan;
  readonly rows: { first: number; end: number };
  readonly stage: Target | null;
}

/** One draw. Row 0 of the texture `from` is the image row `sourceTop`, row 0 of `to` is `targetTop`. */
interface Step {
  readonly pass: Pass;
  readonly from: WebGLTexture;
  readonly flags: number;
  readonly to: Target;
  readonly rectangle: readonly [x: number, y: number, width: number, height: number];
  readonly sourceTop: number;
  readonly targetTop: number;
}

/** Textures that have been seen to be textures; a deleted one is found out when it is bound. */
const known = new WeakSet<WebGLTexture>();

function createTarget(gl: GL, width: number, height: number): Target {
  const texture = gl.createTexture()!;
  const framebuffer = gl.createFramebuffer()!;
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  return { texture, framebuffer };
}

function deleteTarget(gl: GL, target: Target | null | undefined): void {
  gl.deleteFramebuffer(target?.framebuffer ?? null);
  gl.deleteTexture(target?.texture ?? null);
}

/** Binds to the active unit and tells whether it is a 2D texture of this context; leaves no GL error behind. */
function bind(gl: GL, texture: WebGLTexture): boolean {
  if (!known.has(texture) && !gl.isTexture(texture)) return false;
  known.add(texture);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  // A refused texture is not bound. To ask for the binding costs nothing; getError would wait for the GPU.
  if (gl.getParameter(gl.TEXTURE_BINDING_2D) === texture) return true;
  while (gl.getError() !== gl.NO_ERROR && !gl.isContextLost());
  return false;
}

const isSame = (a: Shape | null, b: Shape | null): boolean => a?.width === b?.width && a?.height === b?.height;

export class Blitter {
  private gl: GL | null = null;
  private shared: Shared | null = null;
  private result: Target | null = null;
  private sized: Sized | null = null;
  private readbacks: Readbacks | null = null;

  constructor(private readonly pre: Preprocess) {}

  /**
   * `width` and `height` are the texture's, `shape` that of a picture that was squashed into it; `flags` are SourceFlags
   * (TOP_ROW_FIRST, MIRROR, LINEAR count here). Returns a picture of `pre.width * pre.height` pixels, which arrives
   * between the game's calls; or a SubmitCode: BAD_TEXTURE, UNSUPPORTED (the
   * model's input is larger than this GPU's textures), FAILED (the context is lost, and only then: report CONTEXT_LOST). Throws an Error when the driver refuses the shaders.
   */
  blit(
    gl: GL, texture: WebGLTexture | null, width: number, height: number, flags: number, shape: Shape | null = null,
  ): Picture | number {
    if (gl.isContextLost()) return SubmitCode.FAILED;
    this.attach(gl);
    const limit = this.shared!.maxSize;
    if (this.pre.width > limit || this.pre.height > limit) return SubmitCode.UNSUPPORTED;
    const possible = width >= 1 && height >= 1 && width <= limit && height <= limit;
    if (!texture || !possible) return SubmitCode.BAD_TEXTURE;
    const pixels = withGuard(gl, () => (bind(gl, texture) ? this.draw(gl, texture, this.prepare(gl, width, height, shape), flags) : null));
    if (gl.isContextLost()) return SubmitCode.FAILED;
    return pixels ?? SubmitCode.BAD_TEXTURE;
  }

  /** Gives up fences that never signal; call it once in every frame of the game. */
  collect(): void {
    this.readbacks?.collect();
  }

  /** How many pictures had to be waited for, because the GPU did not tell that it was done. */
  get givenUp(): number {
    return this.readbacks?.givenUp ?? 0;
  }

  /** Deletes every GL object; the next blit would create them anew. */
  dispose(): void {
    if (!this.gl) return;
    this.readbacks?.dispose();
    deleteTarget(this.gl, this.sized?.stage);
    deleteTarget(this.gl, this.result);
    release(this.gl);
    this.gl = this.shared = this.result = this.sized = this.readbacks = null;
  }

  private attach(gl: GL): void {
    if (this.gl === gl) return;
    this.dispose();
    this.shared = acquire(gl);
    this.readbacks = new Readbacks(gl, this.pre.width, this.pre.height);
    this.gl = gl;
  }

  private draw(gl: GL, texture: WebGLTexture, sized: Sized, flags: number): Picture {
    const result = (this.result ??= createTarget(gl, this.pre.width, this.pre.height));
    gl.bindVertexArray(this.shared!.vertices);
    gl.bindSampler(0, this.shared!.sampler);
    if (!covers(sized.plan, this.pre)) this.clear(gl, result);
    for (const step of this.steps(sized, texture, flags, result)) this.run(gl, sized, step);
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, result.framebuffer);
    return this.readbacks!.begin();
  }

  /** The plan and the textures for a source size; kept until the size changes. */
  private prepare(gl: GL, width: number, height: number, shape: Shape | null): Sized {
    const known = this.sized;
    const isKnown = known?.width === width && known.height === height && isSame(known.shape, shape);
    if (isKnown) return known;
    deleteTarget(gl, this.sized?.stage);
    this.sized = null;
    const fitted = plan(this.pre, width, height, shape);
    const rows = reach(fitted.y);
    const stage = this.pre.filter === "triangle" ? createTarget(gl, fitted.x.size, rows.end - rows.first) : null;
    return (this.sized = { width, height, shape, plan: fitted, rows, stage });
  }

  private steps({ plan: { x, y }, rows, stage }: Sized, from: WebGLTexture, flags: number, to: Target): Step[] {
    const rectangle = [x.start, y.start, x.size, y.size] as const;
    if (!stage) {
      const pass = this.pre.filter === "nearest" ? "nearest" : "bilinear";
      return [{ pass, from, flags, to, rectangle, sourceTop: 0, targetTop: 0 }];
    }
    const narrow = [0, 0, x.size, rows.end - rows.first] as const;
    const upright = SourceFlags.TOP_ROW_FIRST;
    return [
      { pass: "horizontal", from, flags, to: stage, rectangle: narrow, sourceTop: 0, targetTop: rows.first },
      { pass: "vertical", from: stage.texture, flags: upright, to, rectangle, sourceTop: rows.first, targetTop: 0 },
    ];
  }

  private clear(gl: GL, target: Target): void {
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.framebuffer);
    gl.clearBufferfv(gl.COLOR, 0, [...this.pre.pad.map((level) => level / 255), 1]);
  }

  private run(gl: GL, sized: Sized, step: Step): void {
    const linear = (step.flags & SourceFlags.LINEAR) !== 0;
    const { program, uniforms } = this.shared!.program({ pass: step.pass, linear });
    gl.useProgram(program);
    this.place(gl, sized, step, uniforms);
    gl.bindTexture(gl.TEXTURE_2D, step.from);
    gl.bindFramebuffer(gl.FRAMEBUFFER, step.to.framebuffer);
    gl.viewport(...step.rectangle);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Tells the program where pixels lie; see UNIFORMS. */
  private place(gl: GL, { width, height, plan: { x, y } }: Sized, step: Step, at: Program["uniforms"]): void {
    const mirror = (step.flags & SourceFlags.MIRROR) !== 0;
    const topFirst = (step.flags & SourceFlags.TOP_ROW_FIRST) !== 0;
    const axis = ({ origin, step: stride, divisor }: Axis) => [origin, stride, divisor];
    gl.uniform1i(at.image, 0);
    gl.uniform2i(at.size, width, height);
    gl.uniform2i(at.origin, mirror ? width - 1 : 0, topFirst ? -step.sourceTop : height - 1);
    gl.uniform2i(at.direction, mirror ? -1 : 1, topFirst ? 1 : -1);
    gl.uniform3iv(at.axisX, axis(x));
    gl.uniform3iv(at.axisY, axis(y));
    gl.uniform2i(at.start, step.rectangle[0], step.rectangle[1]);
    gl.uniform1i(at.top, step.targetTop);
  }
}
