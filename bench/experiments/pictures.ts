/** More pictures of CIFAR-10 to train on: lossy copies, of which those of the validation part must go. */
import { type Dataset, loadDataset, type Part, takeExamples } from '../../src/data/index.ts';

/** Places along each side, and pixels of each. */
const [SIDE, CELL] = [8, 4];

/** Mean of each channel in each cell. */
function coarse(part: Part, example: number): Float32Array {
  const size = SIDE * CELL;
  const x = part.inputs[0].subarray(example * size * size * 3, (example + 1) * size * size * 3);
  const cells = new Float32Array(SIDE * SIDE * 3);
  x.forEach((value, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const cell = Math.floor(pixel / size / CELL) * SIDE + Math.floor((pixel % size) / CELL);
    cells[cell * 3 + channel] += value / CELL ** 2;
  });
  return cells;
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

/** All pictures of a folder of class folders without those that the validation part holds: for each, the nearest of its class goes. */
export async function picturesBeside({ validation }: Dataset, folder: string): Promise<Part> {
  const all = (await loadDataset(folder, { whole: true })).test!;
  const known = Array.from({ length: all.count }, (_, i) => coarse(all, i));
  const gone = new Set<number>();
  let worst = 0;
  for (let v = 0; v < validation!.count; v++) {
    const own = coarse(validation!, v);
    let [nearest, least] = [-1, Number.POSITIVE_INFINITY];
    for (let i = 0; i < all.count; i++) {
      if (all.y![i] !== validation!.y![v]) continue;
      const d = distance(own, known[i]);
      if (d < least) [nearest, least] = [i, d];
    }
    gone.add(nearest);
    worst = Math.max(worst, least);
  }
  console.log(
    `${all.count} pictures in ${folder}, without ${gone.size} of the validation part (largest squared difference ${worst.toFixed(1)})`,
  );
  return takeExamples(
    all,
    Array.from({ length: all.count }, (_, i) => i).filter((i) => !gone.has(i)),
  );
}
