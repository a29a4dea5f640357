import { takeExamples } from '../../../src/data/dataset.ts';
import { type CompressResult, compress, type Dataset, loadDataset, loadModel } from '../../../src/index.ts';
import { type PageContext, type PageResult, sha256 } from '../page.ts';

const MODEL = 'shared/data/models/pretrainedResnet.tflite';
const TRAIN = 'shared/data/cifar10/train.npz';
const TEST = 'shared/data/cifar10/test.npz';

/** All known starts on ResNet8 and a part of CIFAR-10, quantization-aware training among them, end with the same bytes in every host. */
export default async function compressCifar({ file }: PageContext): Promise<PageResult> {
  const [bytes, train, test] = [await file(MODEL), await file(TRAIN), await file(TEST)];
  if (!bytes || !train || !test) return { passed: 0, failures: [], skipped: `${MODEL}, ${TRAIN} or ${TEST} is absent` };
  const data = few(await loadDataset({ 'train.npz': train, 'test.npz': test }, { split: [0.8, 0.1, 0.1] }));
  const result = await finished(compress(loadModel(bytes), data, { target: 'stm32f446re', maxDrop: 0.2, trials: 8, epochs: 1 }));
  const learned = result.trials.filter((t) => t.state === 'complete' && t.stages.some((s) => 'qat' in s)).length;
  const { accuracy, weightBytes } = result.result;
  return {
    passed: learned ? 1 : 0,
    failures: learned ? [] : ['no trial trained a quantized network'],
    notes: [`${(100 * accuracy!).toFixed(1)} % with ${weightBytes} bytes of weights, trial ${result.chosen}`],
    digests: {
      'the .tflite of compress': await sha256(result.tflite),
      trials: await sha256(new TextEncoder().encode(JSON.stringify(result.trials))),
    },
  };
}

async function finished(run: ReturnType<typeof compress>): Promise<CompressResult> {
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
  }
}

/** Enough to train a little. */
function few(data: Dataset): Dataset {
  const cut = (part: 'train' | 'validation' | 'test', count: number) =>
    takeExamples(
      data[part]!,
      Int32Array.from({ length: count }, (_, i) => i),
    );
  return { ...data, train: cut('train', 256), validation: cut('validation', 300), test: cut('test', 300) };
}
