/** Sine from exactly rounded arithmetic alone, so that every host makes the same bytes. */

const TAU = 6.283185307179586;

/** The sine of an angle in turns (1 is the whole circle), to within 1e-9: Taylor's series to x^13 on a quarter turn. */
export function sinTurns(turns: number): number {
  let r = turns - Math.floor(turns + 0.5);
  if (r > 0.25) r = 0.5 - r;
  else if (r < -0.25) r = -0.5 - r;
  const x = r * TAU;
  const s = x * x;
  let sum = 1;
  for (let k = 12; k >= 2; k -= 2) sum = 1 - (s / (k * (k + 1))) * sum;
  return x * sum;
}

export const cosTurns = (turns: number): number => sinTurns(turns + 0.25);
