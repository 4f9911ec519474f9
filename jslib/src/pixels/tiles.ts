/** A picture that is too large for a network, as tiles that overlap; results are joined in the middle of the overlaps. */

/** Along one axis: the tile begins at `from`; its result counts from `begin` to `end`, in pixels of the picture. */
export interface Span {
  readonly from: number;
  readonly begin: number;
  readonly end: number;
}

/**
 * Spans of `tile` pixels over `size`, neighbours sharing at least `2 * margin`: no result within `margin` of an inner edge of
 * a tile is used. The outer edges are those of the picture, so that what a network does there stays the same. Of a picture
 * that is smaller than a tile there is one span.
 */
export function spansAlong(size: number, tile: number, margin: number): Span[] {
  if (size <= tile) return [{ from: 0, begin: 0, end: size }];
  const count = Math.ceil((size - 2 * margin) / (tile - 2 * margin));
  const from = (i: number): number => Math.round((i * (size - tile)) / (count - 1));
  const cut = (i: number): number => (i === 0 ? 0 : i === count ? size : (from(i - 1) + tile + from(i)) >> 1);
  return Array.from({ length: count }, (_, i) => ({ from: from(i), begin: cut(i), end: cut(i + 1) }));
}

export interface Tile {
  readonly x: Span;
  readonly y: Span;
}

type Size = { readonly width: number; readonly height: number };

/** Row by row. `margin` must be less than half of a tile. */
export function tilesOf(picture: Size, tile: Size, margin: number): Tile[] {
  const columns = spansAlong(picture.width, tile.width, margin);
  return spansAlong(picture.height, tile.height, margin).flatMap((y) => columns.map((x) => ({ x, y })));
}

/** Copies a tile out of an RGBA picture; beyond the picture its edge is repeated. `into` has `size` pixels. */
export function cutTile(rgba: Uint8Array, picture: Size, { x, y }: Tile, size: Size, into: Uint8Array): Uint8Array {
  const width = Math.min(size.width, picture.width - x.from);
  for (let row = 0; row < size.height; row++) {
    const line = Math.min(y.from + row, picture.height - 1) * picture.width;
    const out = row * size.width * 4;
    into.set(rgba.subarray((line + x.from) * 4, (line + x.from + width) * 4), out);
    for (let i = width; i < size.width; i++) into.copyWithin(out + i * 4, out + (width - 1) * 4, out + width * 4);
  }
  return into;
}

/** Puts what counts of a tile's result, RGBA of `factor` times the tile's size, into the whole. */
export function pasteTile(result: Uint8Array, size: Size, { x, y }: Tile, factor: number, into: Uint8Array, picture: Size): void {
  const [left, right] = [(x.begin - x.from) * factor, (x.end - x.from) * factor];
  for (let row = y.begin * factor; row < y.end * factor; row++) {
    const line = (row - y.from * factor) * size.width * factor;
    into.set(result.subarray((line + left) * 4, (line + right) * 4), (row * picture.width * factor + x.begin * factor) * 4);
  }
}
