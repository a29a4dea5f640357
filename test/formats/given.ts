/** What the scripts of the fixtures feed: numbers of -1..1 that any language makes exactly. */
export const given = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((7919 * i + 17) % 1000) / 500 - 1);
