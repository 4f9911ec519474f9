/** Pixels in memory, whatever order they lie in. */

/**
 * How the picture lies in its memory. `width` and `height` are those of the upright picture: what lies in memory is turned
 * by `rotation` degrees clockwise, then `mirror` swaps left and right.
 */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bytesPerPixel: 3 | 4;
  readonly topRowFirst: boolean;
  readonly mirror: boolean;
  readonly rotation?: 0 | 90 | 180 | 270;
}

/** The pixel in column x and row y of the image (row 0 on top) begins at `origin + x * dx + y * dy`. */
export interface Raster {
  readonly bytes: Uint8Array;
  readonly origin: number;
  readonly dx: number;
  readonly dy: number;
}

type Steps = Pick<Raster, "origin" | "dx" | "dy">;

export function raster(bytes: Uint8Array, layout: Layout): Raster {
  const { origin, dx, dy } = turned(layout);
  if (!layout.mirror) return { bytes, origin, dx, dy };
  return { bytes, origin: origin + (layout.width - 1) * dx, dx: -dx, dy };
}

/** Where the upright picture's first pixel lies, and its neighbours to the right and below. */
function turned({ width, height, bytesPerPixel: pixel, topRowFirst, rotation = 0 }: Layout): Steps {
  const [across, down] = rotation % 180 === 0 ? [width, height] : [height, width]; // in memory
  const row = topRowFirst ? across * pixel : -across * pixel;
  const first = topRowFirst ? 0 : (1 - down) * row;
  const [lastColumn, lastRow] = [(across - 1) * pixel, (down - 1) * row];
  switch (rotation) {
    case 90:
      return { origin: first + lastRow, dx: -row, dy: pixel };
    case 180:
      return { origin: first + lastColumn + lastRow, dx: -pixel, dy: -row };
    case 270:
      return { origin: first + lastColumn, dx: row, dy: -pixel };
    default:
      return { origin: first, dx: pixel, dy: row };
  }
}
