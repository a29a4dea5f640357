/**
 * The parts of a job as files that every command reads, and its model: `thumbnet ablate FOLDER/JOB.tflite --data FOLDER/JOB` sees what the runs
 * here see.
 *   node --import tsx bench/experiments/parts.ts JOB FOLDER [SEED]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { zipSync } from 'fflate';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { givenOf, PARTS } from './given.ts';
import { JOBS } from './jobs.ts';

const [name, to, seed = '0'] = process.argv.slice(2);
if (!to || !JOBS[name]) throw new Error(`give one of ${Object.keys(JOBS).join(', ')} and a folder`);
const folder = resolve(to);
mkdirSync(join(folder, name), { recursive: true });
const job = await JOBS[name](Number(seed), folder);
for (const part of PARTS) {
  const { x, y } = givenOf(job, part, job.data.inputs[0].shape);
  writeFileSync(join(folder, name, `${part}.npz`), zipSync({ 'x.npy': x, 'y.npy': y }, { level: 0 }));
}
writeFileSync(join(folder, `${name}.tflite`), exportTflite(job.model.graph));
