import { demoModel, gestures } from '../../../src/demo/index.ts';
import { compress, loadModel } from '../../../src/index.ts';
import { sha256 } from '../../../src/digest.ts';
import type { PageResult } from '../page.ts';
import { few, finished } from '../small_compress.ts';

/** The main job gives the same `.tflite` by the same trials. */
export default async function compressPage(): Promise<PageResult> {
  const options = { target: 'stm32l476rg', maxDrop: 0.05, trials: 6, epochs: 2, seed: 1 };
  const { result, trials } = await finished(
    compress(await loadModel(await demoModel()), few(gestures(1), { train: 480, validation: 240, test: 240 }), options),
  );
  return {
    passed: trials === options.trials ? 1 : 0,
    failures: trials === options.trials ? [] : [`${trials} trials instead of ${options.trials}`],
    digests: {
      'the .tflite of compress': await sha256(result.tflite),
      trials: await sha256(new TextEncoder().encode(JSON.stringify(result.trials))),
    },
  };
}
