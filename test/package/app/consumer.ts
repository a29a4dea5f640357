import { type CompressResult, compress, loadModel, type Model, profile, type TrialReport } from 'thumbnet';
import { webPool } from 'thumbnet/compress';
import { type Dataset, loadDataset } from 'thumbnet/data';
import { type Answer, evaluate, infer } from 'thumbnet/engine';
import { Study, TpeSampler } from 'thumbnet/search';

export async function small(bytes: Uint8Array, examples: Uint8Array): Promise<CompressResult> {
  const model: Model = await loadModel(bytes);
  const data: Dataset = await loadDataset({ 'examples.npz': examples }, { model });
  const { accuracy } = await evaluate(model, data);
  const answers: readonly Answer[] = await infer(model, new Float32Array(8));
  const { flashBytes, layers } = profile(model, 'stm32l476rg');
  const names: string[] = layers.map((l) => l.name);
  const study = new Study({ sampler: new TpeSampler({}), direction: 'minimize' });
  const x: number = (await study.ask((t) => t.suggestFloat('x', 0, 1)))?.point ?? 0;
  const search = compress(model, data, { target: 'stm32l476rg', maxDrop: 0.05 }, { pool: (c) => webPool(c, 2) });
  for (;;) {
    const { done, value } = await search.next();
    if (done) return value;
    const trial: TrialReport = value;
    console.log(trial.number, accuracy === null ? null : accuracy + x, flashBytes, names.length, answers.length);
  }
}
