/**
 * The parts of a job as files that every command reads, and its model: `thumbnet ablate FOLDER/model.tflite --data FOLDER/data` sees what the runs
 * here see.
 *   node --import tsx bench/experiments/parts.ts JOB FOLDER [SEED]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { zipSync } from 'fflate';
import { writeNpy } from '../../src/data/npy.ts';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { JOBS } from './jobs.ts';

const [name, to, seed = '0'] = process.argv.slice(2);
if (!to || !JOBS[name]) throw new Error(`give one of ${Object.keys(JOBS).join(', ')} and a folder`);
const folder = join(resolve(to), 'data');
mkdirSync(folder, { recursive: true });
const { model, data } = await JOBS[name](Number(seed), resolve(to));
for (const part of ['train', 'validation', 'test'] as const) {
  const { inputs, y, count } = data[part]!;
  const x = writeNpy(inputs[0] as Float32Array, [count, ...data.inputs[0].shape]);
  writeFileSync(
    join(folder, `${part}.npz`),
    zipSync({ 'x.npy': x, 'y.npy': writeNpy(Int32Array.from(y!), [count]) }, { level: 0 }),
  );
}
writeFileSync(join(folder, '..', 'model.tflite'), exportTflite(model.graph));
