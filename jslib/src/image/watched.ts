/**
 * State that browsers tell only when the GPU's process has answered, after all that the game has drawn: to ask for it in each
 * frame would wait for the GPU. It is asked for once; from then on the context's own calls that change it are listened to.
 */
type GL = WebGL2RenderingContext;
type Mask = readonly [red: boolean, green: boolean, blue: boolean, alpha: boolean];

/** How `readPixels` writes into memory. */
export type Packing = "PACK_ALIGNMENT" | "PACK_ROW_LENGTH" | "PACK_SKIP_PIXELS" | "PACK_SKIP_ROWS";
const PACKING: readonly Packing[] = ["PACK_ALIGNMENT", "PACK_ROW_LENGTH", "PACK_SKIP_PIXELS", "PACK_SKIP_ROWS"];
const ALIGNMENTS: readonly number[] = [1, 2, 4, 8];

interface Watched {
  mask: Mask;
  readonly packing: Map<number, number>;
  /** Puts the context's calls back. */
  readonly end: () => void;
}

const contexts = new WeakMap<GL, Watched>();

/** Calls `seen` after each call of `target[name]`; the returned function ends that. */
function listen<Target extends object>(target: Target, name: keyof Target & string, seen: (...given: never[]) => void): () => void {
  const original = target[name] as (...given: unknown[]) => unknown;
  const own = Object.prototype.hasOwnProperty.call(target, name);
  const listening = (...given: unknown[]): unknown => {
    const result = original.apply(target, given);
    (seen as (...given: unknown[]) => void)(...given);
    return result;
  };
  Object.assign(target, { [name]: listening });
  return () => {
    if (target[name] !== (listening as unknown)) return; // somebody listens after us, and calls us
    if (own) Object.assign(target, { [name]: original });
    else delete (target as Record<string, unknown>)[name];
  };
}

/** Values that the context refuses leave its state as it is. */
const isTaken = (gl: GL, name: number, value: number): boolean =>
  name === gl.PACK_ALIGNMENT ? ALIGNMENTS.includes(value) : value >= 0;

function watch(gl: GL): Watched {
  const mask = gl.getParameter(gl.COLOR_WRITEMASK) as boolean[];
  const packing = new Map<number, number>(PACKING.map((name) => [gl[name], gl.getParameter(gl[name]) as number]));
  const indexed = gl.getExtension("OES_draw_buffers_indexed") as OES_draw_buffers_indexed | null;
  const masked = (...given: Mask): void => void (watched.mask = given.map(Boolean) as unknown as Mask);
  const ends = [
    listen(gl, "colorMask", masked),
    listen(gl, "pixelStorei", (name: number, value: number) => {
      if (packing.has(name) && isTaken(gl, name, value | 0)) packing.set(name, value | 0);
    }),
  ];
  if (indexed) ends.push(listen(indexed, "colorMaskiOES", (at: number, ...given: Mask) => at === 0 && masked(...given)));
  const watched: Watched = { mask: mask as unknown as Mask, packing, end: () => ends.forEach((end) => end()) };
  return watched;
}

function watchedOf(gl: GL): Watched {
  const found = contexts.get(gl) ?? watch(gl);
  contexts.set(gl, found);
  return found;
}

export const colorMaskOf = (gl: GL): Mask => watchedOf(gl).mask;
export const packingOf = (gl: GL, name: Packing): number => watchedOf(gl).packing.get(gl[name]) as number;

/** Forgets the context and leaves it as it was. */
export function unwatch(gl: GL): void {
  contexts.get(gl)?.end();
  contexts.delete(gl);
}
