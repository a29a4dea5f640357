/**
 * A job by PyTorch and Optuna, as a practitioner would write it (bench/peers/torch_search.py): same data, same machine, so many seconds.
 *   node --import tsx bench/experiments/peer.ts JOB --out FOLDER [--seconds 1200] [--seed 0] [--threads 1]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { zipSync } from 'fflate';
import { writeNpy } from '../../src/data/npy.ts';
import { givenOf, PARTS } from './given.ts';
import { JOBS, type Job } from './jobs.ts';

/** What the peer knows, by our operators. */
const OPS: Readonly<Record<string, string>> = {
  conv2d: 'conv',
  depthwiseConv2d: 'depthwise',
  fullyConnected: 'dense',
  maxPool2d: 'max',
  avgPool2d: 'average',
  mean: 'mean',
  reshape: 'reshape',
  add: 'add',
  relu: 'relu',
};
const ROUNDED = ['conv2d', 'depthwiseConv2d', 'fullyConnected', 'add', 'relu'];
/** What changes no answer. */
const LEFT_OUT = ['softmax', 'dropout'];

function contents(job: Job): Uint8Array {
  const { graph } = job.model;
  const files: Record<string, Uint8Array> = {};
  const places = new Map([[graph.inputs[0], 0]]);
  const steps: object[] = [];
  for (const { op, attrs, inputs, outputs } of graph.nodes) {
    const isSum = op === 'add';
    if (LEFT_OUT.includes(op)) {
      places.set(outputs[0], places.get(inputs[0])!);
      continue;
    }
    if (!OPS[op]) throw new Error(`the peer knows no ${op}`);
    const weights = ['conv2d', 'depthwiseConv2d', 'fullyConnected'].includes(op);
    const { activation, ...rest } = attrs as { activation?: string };
    if (weights) {
      for (const [name, t] of [['w', inputs[1]] as const, ['b', inputs[2]] as const]) {
        const { data: values, shape } = graph.tensors[t];
        files[`${name}${steps.length}.npy`] = writeNpy(values as Float32Array, shape);
      }
    }
    steps.push({
      ...rest,
      op: OPS[op],
      inputs: inputs.slice(0, isSum ? 2 : 1).map((t) => places.get(t)!),
      relu: op === 'relu' || activation === 'relu',
      // A relu after a layer is rounded in the layer's place.
      rounded: ROUNDED.includes(op) && !graph.nodes.some((n) => n.op === 'relu' && n.inputs[0] === outputs[0]),
      ...(weights && { weights }),
    });
    places.set(outputs[0], steps.length);
  }
  const text = new TextEncoder().encode(JSON.stringify(steps));
  files['steps.npy'] = writeNpy(text, [text.length]);
  const shape = graph.tensors[graph.inputs[0]].shape.slice(1);
  for (const name of PARTS) {
    const { x, y } = givenOf(job, name, shape);
    files[`${name}_x.npy`] = x;
    files[`${name}_y.npy`] = y;
  }
  return zipSync(files, { level: 0 });
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    seconds: { type: 'string', default: '1200' },
    seed: { type: 'string', default: '0' },
    threads: { type: 'string', default: '1' },
  },
});
const [name] = positionals;
if (!flags.out || !JOBS[name]) throw new Error(`give --out FOLDER and one of ${Object.keys(JOBS).join(', ')}`);
const folder = resolve(flags.out);
mkdirSync(folder, { recursive: true });
const job = await JOBS[name](Number(flags.seed), folder);
const file = join(folder, `${name}.npz`);
writeFileSync(file, contents(job));
const script = fileURLToPath(new URL('../peers/torch_search.py', import.meta.url));
const asked = 'maxDrop' in job.goal ? `drop=${job.goal.maxDrop}` : `goal=${job.goal.goal}`;
const args = [script, file, flags.seconds, asked, flags.seed, flags.threads];
const { status, stdout } = spawnSync('/usr/bin/python3', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
if (status !== 0) throw new Error('the peer failed: apt-get install python3-torch libopenblas0 python3-optuna');
writeFileSync(join(folder, `${name}.peer.${flags.seed}.json`), stdout);
console.log(stdout.trim());
