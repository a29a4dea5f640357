/** What activations keep of a value: nothing below the first, nothing above the second. */
export const CLAMPS: Readonly<Record<string, readonly [number, number]>> = {
  none: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
  reluN1: [-1, 1],
};
