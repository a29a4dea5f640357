import { sha256 } from '../../../src/digest.ts';
import { compress, loadDataset, loadModel } from '../../../src/index.ts';
import type { PageContext, PageResult } from '../page.ts';
import { few, finished } from '../small_compress.ts';

const MODEL = 'shared/data/models/pretrainedResnet.tflite';
const TRAIN = 'shared/data/cifar10/train.npz';
const TEST = 'shared/data/cifar10/test.npz';

/** Known starts on ResNet8 and a part of CIFAR-10 end with the same bytes in every host. */
export default async function compressCifar({ file }: PageContext): Promise<PageResult> {
  const [bytes, train, test] = [await file(MODEL), await file(TRAIN), await file(TEST)];
  if (!bytes || !train || !test) return { passed: 0, failures: [], skipped: `${MODEL}, ${TRAIN} or ${TEST} is absent` };
  const whole = await loadDataset({ 'train.npz': train, 'test.npz': test }, { split: [0.8, 0.1, 0.1] });
  const data = few(whole, { train: 256, validation: 300, test: 300 });
  const { result } = await finished(
    compress(await loadModel(bytes), data, { target: 'stm32f446re', maxDrop: 0.2, samples: 6000, parallel: 4 }),
  );
  const complete = result.trials.filter((t) => t.state === 'complete').length;
  const { accuracy, weightBytes } = result.result;
  return {
    passed: complete > 1 ? 1 : 0,
    failures: complete > 1 ? [] : ['fewer than two trials were complete'],
    notes: [`${(100 * accuracy!).toFixed(1)} % with ${weightBytes} bytes of weights, trial ${result.chosen}`],
    digests: {
      'the .tflite of compress': await sha256(result.tflite),
      trials: await sha256(new TextEncoder().encode(JSON.stringify(result.trials))),
    },
  };
}
