/** The calls that reach a WebGL context while something runs, to be made again as they are. */

type GL = WebGL2RenderingContext;
type Call = readonly [method: (...given: unknown[]) => unknown, given: readonly unknown[]];
type Methods = Record<string, unknown>;

/** Calls that come out the same each time, for as long as what they name exists. */
const REPEATED =
  /^(activeTexture|bind(Buffer|Framebuffer|Texture|VertexArray)|drawElements|framebufferTexture2D|readPixels|scissor|texSubImage2D|uniform\d|useProgram|viewport)/;
/** Calls that change nothing. `getBufferSubData` is none of them: what follows may depend on what it reads. */
const ASKED = /^(get(?!BufferSubData)|is|check|flush$|makeXRCompatible)/;

const isArray = (value: unknown): value is Float32Array => ArrayBuffer.isView(value) || Array.isArray(value);

export class Recording {
  /** The first call that cannot be made again. */
  refused: string | null = null;
  private readonly calls: Call[] = [];

  /** `pixels` is the one array whose values of the time of `play` count; all others are kept as they are. */
  constructor(
    private readonly gl: GL,
    private readonly pixels: Uint8Array,
  ) {}

  /** Runs `work`, whose calls do what they always do. */
  take<T>(work: () => T): T {
    const methods = this.gl as unknown as Methods;
    const own = new Map<string, unknown>(Object.entries(methods));
    const names: string[] = [];
    for (const name in methods) if (typeof methods[name] === "function" && !ASKED.test(name)) names.push(name);
    for (const name of names) methods[name] = this.listening(name, methods[name] as Call[0]);
    try {
      return work();
    } finally {
      for (const name of names) if (own.has(name)) methods[name] = own.get(name); else delete methods[name];
    }
  }

  /** All textures that the calls name. */
  get textures(): ReadonlySet<unknown> {
    const named = this.calls.flatMap(([, given]) => given);
    return new Set(named.filter((value) => value instanceof WebGLTexture));
  }

  play(): void {
    const { gl, calls } = this;
    for (const [method, given] of calls) method.apply(gl, given as unknown[]);
  }

  private listening(name: string, method: Call[0]): Call[0] {
    return (...given) => {
      if (this.repeatable(name, given)) this.calls.push([method, given.map((value) => this.kept(value))]);
      else this.refused ??= name;
      return method.apply(this.gl, given);
    };
  }

  /** Uploads are those of the picture alone; pixels are read into buffers of the GPU, and not into the page's memory. */
  private repeatable(name: string, given: readonly unknown[]): boolean {
    const last = given[given.length - 1];
    if (name === "texSubImage2D") return last === this.pixels;
    if (name === "readPixels") return typeof last === "number";
    return REPEATED.test(name);
  }

  private kept(value: unknown): unknown {
    return isArray(value) && (value as unknown) !== this.pixels ? value.slice() : value;
  }
}
