/** The GL programs of the blit. They mirror `resize.ts`: whole numbers as long as possible, rounded where Pillow rounds. */

/** Three vertices that cover the viewport; needs no attributes. */
export const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

export const Pass = { nearest: 0, bilinear: 1, horizontal: 2, vertical: 3 } as const;

/**
 * Pixels are addressed in image coordinates, row 0 on top; row 0 of what is drawn is the top row, too, so that the
 * pixels read back begin with it. Axes are `Axis` of geometry.ts as (origin, step, divisor). `sourceTop` and `targetTop`
 * are the image rows that row 0 of the two textures holds.
 */
export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;

uniform sampler2D image;
uniform ivec2 size;
uniform ivec3 axisX;
uniform ivec3 axisY;
uniform ivec2 start;
uniform int sourceTop;
uniform int targetTop;
uniform int pass;
uniform bool bottomUp;
uniform bool mirror;
uniform bool linear;
out vec4 result;

vec3 encode(vec3 light) {
  vec3 curve = 1.055 * pow(light, vec3(1.0 / 2.4)) - 0.055;
  return mix(curve, 12.92 * light, lessThanEqual(light, vec3(0.0031308)));
}

vec3 rounded(vec3 level) {
  return floor(level + 0.5);
}

vec3 pixel(ivec2 at) {
  ivec2 cell = ivec2(mirror ? size.x - 1 - at.x : at.x, bottomUp ? size.y - 1 - at.y : at.y - sourceTop);
  vec3 value = clamp(texelFetch(image, cell, 0).rgb, 0.0, 1.0);
  return rounded(255.0 * (linear ? encode(value) : value));
}

int centre(ivec3 axis, int i) {
  return axis.x + (2 * i + 1) * axis.y;
}

vec3 nearest(ivec2 i) {
  return pixel(ivec2(centre(axisX, i.x) / (2 * axisX.z), centre(axisY, i.y) / (2 * axisY.z)));
}

vec3 bilinear(ivec2 i) {
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

// The weights of the triangle, times 2 * support: whole numbers.
vec3 triangle(ivec3 axis, int source, int i, ivec2 fixedPart, ivec2 direction) {
  int middle = centre(axis, i);
  int support = 2 * max(axis.y, axis.z);
  int unit = 2 * axis.z;
  int first = max(middle - support + axis.z, 0) / unit;
  int end = min((middle + support + axis.z) / unit, source);
  vec3 sum = vec3(0.0);
  float total = 0.0;
  for (int k = first; k < end; k++) {
    float weight = float(max(support - abs((2 * k + 1) * axis.z - middle), 0));
    sum += weight * pixel(fixedPart + k * direction);
    total += weight;
  }
  return rounded(sum / total);
}

void main() {
  ivec2 i = ivec2(gl_FragCoord.xy) - start;
  vec3 level;
  if (pass == ${Pass.nearest}) level = nearest(i);
  else if (pass == ${Pass.bilinear}) level = bilinear(i);
  else if (pass == ${Pass.horizontal}) level = triangle(axisX, size.x, i.x, ivec2(0, i.y + targetTop), ivec2(1, 0));
  else level = triangle(axisY, size.y, i.y, ivec2(i.x, 0), ivec2(0, 1));
  result = vec4(level / 255.0, 1.0);
}`;
