/** Pixels in memory, whatever order they lie in. */

/** How the picture lies in its memory. `mirror`: left and right are to be swapped. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bytesPerPixel: 3 | 4;
  readonly topRowFirst: boolean;
  readonly mirror: boolean;
}

/** The pixel in column x and row y of the image (row 0 on top) begins at `origin + x * dx + y * dy`. */
export interface Raster {
  readonly bytes: Uint8Array;
  readonly origin: number;
  readonly dx: number;
  readonly dy: number;
}

export function raster(bytes: Uint8Array, layout: Layout): Raster {
  const { width, height, bytesPerPixel, topRowFirst, mirror } = layout;
  const row = width * bytesPerPixel;
  return {
    bytes,
    origin: (mirror ? row - bytesPerPixel : 0) + (topRowFirst ? 0 : (height - 1) * row),
    dx: mirror ? -bytesPerPixel : bytesPerPixel,
    dy: topRowFirst ? row : -row,
  };
}
