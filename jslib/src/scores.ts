/** From a model's scores to its best classes. */

/** Indices of the `count` highest scores, best first; of equal ones the lower index comes first. */
export function topIndices(scores: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index]!;
    if (best.length === count && !(score > scores[best[count - 1]!]!)) continue;
    let at = best.length < count ? best.length : count - 1;
    for (; at > 0 && score > scores[best[at - 1]!]!; at--) best[at] = best[at - 1]!;
    best[at] = index;
  }
  return best;
}

/** Probabilities that sum to 1, in double precision; finite for any finite logits. */
export function softmax(logits: Float32Array): Float32Array {
  const highest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return Float32Array.from(powers, (power) => power / sum);
}
