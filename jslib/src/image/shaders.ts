/** The shaders of the blit. They mirror `resize.ts`: whole numbers as long as they last, rounded where Pillow rounds. */

/** Three vertices that cover the viewport; needs no attributes. */
export const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

/** What a draw does: both one-pass filters, and the two passes of `triangle`. */
export type Pass = "nearest" | "bilinear" | "horizontal" | "vertical";

/** `linear`: sampling gives linear light, which is encoded as sRGB and rounded to 8 bits before filtering. */
export interface Variant {
  readonly pass: Pass;
  readonly linear: boolean;
}

/**
 * Pixels are addressed in image coordinates, row 0 on top; the pixel `at` lies in the cell `origin + at * direction` of
 * the texture. Row 0 of what is drawn is the top row, too, so that the pixels read back begin with it. Axes are `Axis` of
 * geometry.ts as (origin, step, divisor). `start` is where the picture begins in the target, `top` the image row there.
 */
export const UNIFORMS = ["image", "size", "origin", "direction", "axisX", "axisY", "start", "top"] as const;

const COMMON = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;

uniform sampler2D image;
uniform ivec2 size;
uniform ivec2 origin;
uniform ivec2 direction;
uniform ivec3 axisX;
uniform ivec3 axisY;
uniform ivec2 start;
uniform int top;
out vec4 result;

vec3 rounded(vec3 level) {
  return floor(level + 0.5);
}

int centre(ivec3 axis, int i) {
  return axis.x + (2 * i + 1) * axis.y;
}
`;

const PLAIN = `
vec3 encoded(vec3 value) {
  return value;
}
`;

const SRGB = `
vec3 encoded(vec3 light) {
  vec3 curve = 1.055 * pow(light, vec3(1.0 / 2.4)) - 0.055;
  return mix(curve, 12.92 * light, lessThanEqual(light, vec3(0.0031308)));
}
`;

const PIXEL = `
vec3 pixel(ivec2 at) {
  vec3 value = clamp(texelFetch(image, origin + at * direction, 0).rgb, 0.0, 1.0);
  return rounded(255.0 * encoded(value));
}
`;

const NEAREST = `
vec3 level(ivec2 i) {
  return pixel(ivec2(centre(axisX, i.x) / (2 * axisX.z), centre(axisY, i.y) / (2 * axisY.z)));
}
`;

const BILINEAR = `
vec3 level(ivec2 i) {
  ivec2 unit = 2 * ivec2(axisX.z, axisY.z);
  ivec2 position = ivec2(centre(axisX, i.x), centre(axisY, i.y)) - unit / 2;
  // One unit more and one pixel less: whole-number division of what is never negative.
  ivec2 before = (position + unit) / unit - 1;
  vec2 weight = vec2(position - before * unit);
  vec2 rest = vec2(unit) - weight;
  ivec2 low = max(before, 0);
  ivec2 high = min(before + 1, size - 1);
  vec3 above = pixel(low) * rest.x + pixel(ivec2(high.x, low.y)) * weight.x;
  vec3 below = pixel(ivec2(low.x, high.y)) * rest.x + pixel(high) * weight.x;
  return rounded((above * rest.y + below * weight.y) / (float(unit.x) * float(unit.y)));
}
`;

// Weights are multiplied by 2 * support, which makes them whole numbers; the pixels lie `next` apart, from `at` on. What one
// pixel costs counts: software GL runs this loop a million times. So places and weights go on from those before, and levels are
// rounded at the end alone: of 8-bit textures they are whole numbers but for the last bits, which TIE outweighs.
const TRIANGLE = `
const float TIE = 0.0005;
vec3 triangle(ivec3 axis, int source, int i, ivec2 at, ivec2 next) {
  int middle = centre(axis, i);
  int support = 2 * max(axis.y, axis.z);
  int unit = 2 * axis.z;
  int first = max(middle - support + axis.z, 0) / unit;
  int end = min((middle + support + axis.z) / unit, source);
  ivec2 stride = next * direction;
  ivec2 place = origin + at * direction + first * stride;
  float away = float((2 * first + 1) * axis.z - middle);
  vec3 sum = vec3(0.0);
  float total = 0.0;
  for (int k = first; k < end; k++) {
    float weight = max(float(support) - abs(away), 0.0);
    sum += weight * encoded(clamp(texelFetch(image, place, 0).rgb, 0.0, 1.0));
    total += weight;
    away += float(unit);
    place += stride;
  }
  return rounded(sum * (255.0 / total) + TIE);
}
`;

const HORIZONTAL = `${TRIANGLE}
vec3 level(ivec2 i) {
  return triangle(axisX, size.x, i.x, ivec2(0, i.y + top), ivec2(1, 0));
}
`;

const VERTICAL = `${TRIANGLE}
vec3 level(ivec2 i) {
  return triangle(axisY, size.y, i.y, ivec2(i.x, 0), ivec2(0, 1));
}
`;

const MAIN = `
void main() {
  result = vec4(level(ivec2(gl_FragCoord.xy) - start) / 255.0, 1.0);
}`;

const LEVEL: Record<Pass, string> = {
  nearest: NEAREST,
  bilinear: BILINEAR,
  horizontal: HORIZONTAL,
  vertical: VERTICAL,
};

/** One program per variant, not one with branches: software GL executes all branches, and drivers compile less. */
export const fragment = ({ pass, linear }: Variant): string =>
  COMMON + (linear ? SRGB : PLAIN) + PIXEL + LEVEL[pass] + MAIN;
