/** Sizes of arrays and of what surrounds an image. */

export type Shape = readonly number[];

/** Two numbers for height and width. */
export type Pair = readonly [number, number];

/** Rows and columns around an image. */
export interface Sides {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}
