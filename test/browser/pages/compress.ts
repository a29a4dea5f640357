import { demoModel, gestures } from '../../../src/demo/index.ts';
import { sha256 } from '../../../src/digest.ts';
import { compress, loadModel } from '../../../src/index.ts';
import type { PageResult } from '../page.ts';
import { few, finished } from '../small_compress.ts';

/** The main job gives the same `.tflite` by the same trials. */
export default async function compressPage(): Promise<PageResult> {
  const options = { target: 'stm32l476rg', maxDrop: 0.05, samples: 6000, parallel: 3, seed: 1 };
  const { result, trials } = await finished(
    compress(await loadModel(await demoModel()), few(gestures(1), { train: 480, validation: 240, test: 240 }), options),
  );
  return {
    passed: trials === result.trials.length ? 1 : 0,
    failures: trials === result.trials.length ? [] : [`${trials} trials instead of ${result.trials.length}`],
    digests: {
      'the .tflite of compress': await sha256(result.tflite),
      trials: await sha256(new TextEncoder().encode(JSON.stringify(result.trials))),
    },
  };
}
