/** From a model's scores to its best classes. */

/** Indices of the `count` highest scores, best first; of equal ones the lower index comes first. */
export function topIndices(scores: Float32Array, count: number): number[] {
  const order = Array.from(scores, (_, index) => index);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.slice(0, count);
}

/** Why `scores` cannot be a result for `labels` classes, or null. */
export function problemOf(scores: Float32Array, labels: number): string | null {
  if (scores.length !== labels) return `it gives ${scores.length} scores for ${labels} labels`;
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  return bad < 0 ? null : `score ${bad} is ${scores[bad]}`;
}
