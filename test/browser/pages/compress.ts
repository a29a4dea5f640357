import { takeExamples } from '../../../src/data/dataset.ts';
import { demoModel, gestures } from '../../../src/demo/index.ts';
import { type CompressResult, compress, type Dataset, loadModel } from '../../../src/index.ts';
import { type PageResult, sha256 } from '../page.ts';

/** The main job gives the same `.tflite` by the same trials. */
export default async function compressPage(): Promise<PageResult> {
  const options = { target: 'stm32l476rg', maxDrop: 0.05, trials: 6, epochs: 2, seed: 1 };
  const { result, trials } = await finished(compress(loadModel(await demoModel()), few(gestures(1)), options));
  return {
    passed: trials === options.trials ? 1 : 0,
    failures: trials === options.trials ? [] : [`${trials} trials instead of ${options.trials}`],
    digests: {
      'the .tflite of compress': await sha256(result.tflite),
      trials: await sha256(new TextEncoder().encode(JSON.stringify(result.trials))),
    },
  };
}

async function finished(run: ReturnType<typeof compress>): Promise<{ result: CompressResult; trials: number }> {
  for (let trials = 0; ; trials++) {
    const { done, value } = await run.next();
    if (done) return { result: value, trials };
  }
}

/** Enough to train a little. */
function few(data: Dataset): Dataset {
  const cut = (part: 'train' | 'validation' | 'test', count: number) =>
    takeExamples(
      data[part]!,
      Int32Array.from({ length: count }, (_, i) => i),
    );
  return { ...data, train: cut('train', 480), validation: cut('validation', 240), test: cut('test', 240) };
}
