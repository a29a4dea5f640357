/**
 * A job by PyTorch and Optuna, as a practitioner would write it (bench/peers/torch_search.py): same data, same machine, so many seconds. Chains of
 * convolutions, a mean and a dense layer.
 *   node --import tsx bench/experiments/peer.ts JOB --out FOLDER [--seconds 1200] [--seed 0]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { zipSync } from 'fflate';
import { writeNpy } from '../../src/data/npy.ts';
import { JOBS, type Job } from './jobs.ts';

const CHAIN = ['conv2d', 'mean', 'fullyConnected', 'softmax'];

function contents({ model: { graph }, data }: Job): Uint8Array {
  const files: Record<string, Uint8Array> = {};
  const strides: number[] = [];
  const layers = graph.nodes.filter((n) => n.op === 'conv2d' || n.op === 'fullyConnected');
  if (graph.nodes.some((n) => !CHAIN.includes(n.op))) throw new Error(`a chain of ${CHAIN.join(', ')} alone`);
  for (const [i, { attrs, inputs }] of layers.entries()) {
    for (const [name, t] of [['w', inputs[1]] as const, ['b', inputs[2]] as const]) {
      const { data: values, shape } = graph.tensors[t];
      files[`${name}${i}.npy`] = writeNpy(values as Float32Array, shape);
    }
    strides.push(...((attrs as { stride?: readonly number[] }).stride ?? [1, 1]));
  }
  files['strides.npy'] = writeNpy(Int32Array.from(strides), [layers.length, 2]);
  const shape = graph.tensors[graph.inputs[0]].shape.slice(1);
  for (const name of ['train', 'validation', 'test'] as const) {
    const { inputs, y, count } = data[name]!;
    files[`${name}_x.npy`] = writeNpy(inputs[0] as Float32Array, [count, ...shape]);
    files[`${name}_y.npy`] = writeNpy(Int32Array.from(y!), [count]);
  }
  return zipSync(files, { level: 0 });
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    seconds: { type: 'string', default: '1200' },
    seed: { type: 'string', default: '0' },
  },
});
const [name] = positionals;
if (!flags.out || !JOBS[name]) throw new Error(`give --out FOLDER and one of ${Object.keys(JOBS).join(', ')}`);
const folder = resolve(flags.out);
mkdirSync(folder, { recursive: true });
const job = await JOBS[name](Number(flags.seed), folder);
if (!('maxDrop' in job.goal)) throw new Error(`${name} asks for a value, and the peer knows a drop`);
const file = join(folder, `${name}.npz`);
writeFileSync(file, contents(job));
const script = fileURLToPath(new URL('../peers/torch_search.py', import.meta.url));
const args = [script, file, flags.seconds, String(job.goal.maxDrop), flags.seed];
const { status, stdout } = spawnSync('/usr/bin/python3', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
if (status !== 0) throw new Error('the peer failed: apt-get install python3-torch libopenblas0 python3-optuna');
writeFileSync(join(folder, `${name}.peer.${flags.seed}.json`), stdout);
console.log(stdout.trim());
