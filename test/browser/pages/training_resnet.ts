import * as v from 'valibot';
import { loadDataset } from '../../../src/data/index.ts';
import { sha256 } from '../../../src/digest.ts';
import { importTflite } from '../../../src/formats/tflite/index.ts';
import { finetuneSchema } from '../../../src/train/index.ts';
import { train } from '../../../src/train/trainer.ts';
import { Heap } from '../../../src/wasm/heap.ts';
import type { PageContext, PageResult } from '../page.ts';

const STEPS = 50;
const BATCH = 32;
const MODEL = 'shared/data/models/pretrainedResnet.tflite';
const DATA = 'shared/data/cifar10/train.npz';

/** Fifty steps of training ResNet8 on CIFAR-10 give the same weights in every host. */
export default async function trainingResnet({ file }: PageContext): Promise<PageResult> {
  const [bytes, examples] = [await file(MODEL), await file(DATA)];
  if (!bytes || !examples) return { passed: 0, failures: [], skipped: `${MODEL} or ${DATA} is absent` };
  const model = { graph: importTflite(bytes), facts: {} };
  const data = await loadDataset({ 'train.npz': examples }, { split: [1, 0, 0] });
  const heap = await Heap.open();
  const perEpoch = Math.floor(data.train!.count / BATCH);
  // Half a step less: the number of steps is rounded up.
  const options = v.parse(finetuneSchema, { epochs: (STEPS - 0.5) / perEpoch, batch: BATCH });
  const { graph, losses } = await train(model, { heap, data, seed: 1, original: model }, options, 'finetune');
  const failures: string[] = [];
  if (!(losses.length === 1 && losses[0] < 2)) failures.push(`the loss is ${losses}`);
  const moved = graph.tensors.filter((t, i) => t.data?.some((w, k) => w !== model.graph.tensors[i].data![k])).length;
  if (moved === 0) failures.push('no weight has changed');
  const weights = graph.tensors.flatMap((t) => t.data ?? []);
  return {
    passed: failures.length ? 0 : 1,
    failures,
    notes: [`${STEPS} steps of ${BATCH} examples, mean loss ${losses[0].toPrecision(4)}, ${moved} tensors changed`],
    digests: { [`${weights.length} tensors of ResNet8 after ${STEPS} steps`]: await sha256(...weights) },
  };
}
