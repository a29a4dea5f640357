import { takeExamples } from '../../src/data/dataset.ts';
import type { PartName } from '../../src/data/index.ts';
import type { CompressResult, compress, Dataset } from '../../src/index.ts';

/** Runs a search to its end; with the number of trials it yielded. */
export async function finished(run: ReturnType<typeof compress>): Promise<{ result: CompressResult; trials: number }> {
  for (let trials = 0; ; trials++) {
    const { done, value } = await run.next();
    if (done) return { result: value, trials };
  }
}

/** The first examples of each part: enough to train a little. */
export function few(data: Dataset, counts: Readonly<Record<PartName, number>>): Dataset {
  const cut = (part: PartName) =>
    takeExamples(
      data[part]!,
      Int32Array.from({ length: counts[part] }, (_, i) => i),
    );
  return { ...data, train: cut('train'), validation: cut('validation'), test: cut('test') };
}
