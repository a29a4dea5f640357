/**
 * The ONNX and Keras files of the shared data through the command, from the file as it is to C that is verified; writes docs/models_as_given.md:
 *
 *     npm run build:js && node --import tsx scripts/models_as_given.ts [file ...]
 *
 * None of the files is part of this repository. The accuracies that they should have stand in the README beside them. Where files are
 * named, the lines of the others stay as they are on the page.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { npzArrays } from '../src/data/index.ts';
import { sizeOf } from '../src/graph/graph.ts';
import { writeNpy } from '../src/index.ts';
import { neededPath } from '../test/shared.ts';
import { cell, kib, type Told, thumbnet } from './command.ts';

const TARGET = 'stm32l476rg';
const BUDGET = ['--samples', '4K', '--trials', '4'];
const MINUTES = 60;

interface Given {
  readonly model: string;
  readonly data: string;
  readonly flags?: readonly string[];
  /** Makes of the data what the model is given, in a new folder. */
  readonly prepared?: (data: string, folder: string) => string;
  /** What the README calls the accuracy, in which line. */
  readonly stated: { readonly line: string; readonly as: string };
}

/** Each value less its mean over the training part, divided by its deviation there, as the README says of the model. */
function standardized(data: string, folder: string): string {
  const parts = ['train', 'test'].map((part) => {
    const arrays = npzArrays(new Uint8Array(readFileSync(neededPath(`data/${data}/${part}.npz`))), part, { notes: [] });
    return { part, x: arrays.read('x'), y: arrays.read('y') };
  });
  const [{ x: train }] = parts;
  const size = sizeOf(train.shape.slice(1));
  const count = train.shape[0];
  const mean = new Float64Array(size);
  const variance = new Float64Array(size);
  for (let i = 0; i < train.data.length; i++) mean[i % size] += Number(train.data[i]) / count;
  for (let i = 0; i < train.data.length; i++) variance[i % size] += (Number(train.data[i]) - mean[i % size]) ** 2 / count;
  mkdirSync(folder);
  for (const { part, x, y } of parts) {
    const values = Float32Array.from({ length: x.data.length }, (_, i) => {
      return (Number(x.data[i]) - mean[i % size]) / Math.sqrt(variance[i % size]);
    });
    const labels = Int32Array.from(y.data as ArrayLike<number>, Number);
    writeFileSync(
      join(folder, `${part}.npz`),
      zipSync({ 'x.npy': writeNpy(values, x.shape), 'y.npy': writeNpy(labels, y.shape) }),
    );
  }
  return folder;
}

const MODELS: readonly Given[] = [
  { model: 'mnist-8.onnx', data: 'mnist', stated: { line: 'mnist-8.onnx', as: 'mnist test' } },
  { model: 'mnist_dense.keras', data: 'mnist', stated: { line: 'mnist_dense.keras', as: 'mnist test' } },
  {
    model: 'squeezenet_cifar10.onnx',
    data: 'cifar10',
    flags: ['--scale', '1/255'],
    stated: { line: 'squeezenet_cifar10.onnx', as: 'cifar10/test' },
  },
  // of the .h5 the README says that it is this network
  { model: 'pretrainedResnet.h5', data: 'cifar10', stated: { line: 'pretrainedResnet.tflite', as: 'cifar10/test' } },
  {
    model: 'kws_dscnn_small_alibaba.onnx',
    data: 'kws01/test_mfcc.npz',
    stated: { line: 'kws_dscnn_small_alibaba.onnx', as: 'kws01' },
  },
  {
    model: 'HAR-CNN.onnx',
    data: 'uci-har-part',
    flags: ['--layout', 'nhwc'],
    prepared: standardized,
    stated: { line: 'HAR-CNN.onnx', as: 'uci-har-part test' },
  },
  {
    model: 'str_ww_ref_model.h5',
    data: 'sww01/calibration_samples.npz',
    stated: { line: 'str_ww_ref_model.h5', as: 'sww01' },
  },
];

const README = readFileSync(neededPath('data/README.md'), 'utf8').split('\n');

function statedOf({ line, as }: Given['stated']): string {
  const row = README.find((l) => l.startsWith(`| \`models/${line}\``));
  const found = row?.match(new RegExp(`${as} ([\\d.]+ %)`))?.[1];
  if (!found) throw new Error(`the README states no "${as}" of ${line}`);
  return found;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

interface Compressed {
  readonly original: Measured;
  readonly result: Measured;
  readonly model: string;
}

interface Measured {
  readonly flashBytes: number;
  readonly ramBytes: number;
  readonly latencyMs: number;
  readonly accuracy: number;
}

const sizes = (m: Measured) => `${kib(m.flashBytes)}, ${kib(m.ramBytes)}, ${m.latencyMs.toFixed(1)} ms`;

async function row({ model, data, flags = [], prepared, stated }: Given): Promise<string[]> {
  const work = await mkdtemp(join(tmpdir(), 'thumbnet-given-'));
  const file = neededPath(`data/models/${model}`);
  const from = ['--data', prepared?.(data, join(work, 'data')) ?? neededPath(`data/${data}`), ...flags];
  const evaluated = await thumbnet(MINUTES, 'evaluate', file, ...from);
  const compressed = await thumbnet(
    MINUTES,
    'compress',
    file,
    ...from,
    '--target',
    TARGET,
    ...BUDGET,
    '--out',
    join(work, 'out'),
  );
  const result = join(work, 'out/model.tflite');
  const folder = join(work, 'c');
  const exported = compressed.json
    ? await thumbnet(MINUTES, 'export', result, '--format', 'c', '--target', TARGET, '--out', folder)
    : null;
  const verified = exported?.json ? await thumbnet(MINUTES, 'verify', result, '--target', TARGET) : exported;
  await rm(work, { recursive: true });
  const last = (told: Told | null) =>
    told
      ? cell(told, (v: { difference: unknown; examples: number }) => (v.difference ? 'differs' : `equal on ${v.examples} inputs`))
      : '';
  return [
    `\`${model}\``,
    statedOf(stated),
    cell(evaluated, (e: { accuracy: number; examples: number }) => `${percent(e.accuracy)} of ${e.examples}`),
    cell(compressed, ({ original }: Compressed) => sizes(original)),
    cell(compressed, ({ result: made }: Compressed) => sizes(made)),
    cell(compressed, ({ original, result: made }: Compressed) => `${percent(original.accuracy)} → ${percent(made.accuracy)}`),
    last(verified),
  ];
}

const PAGE = fileURLToPath(new URL('../docs/models_as_given.md', import.meta.url));
const page = existsSync(PAGE) ? readFileSync(PAGE, 'utf8').split('\n') : [];
const named = process.argv.slice(2);
const rows: string[] = [];
for (const given of MODELS) {
  const before = page.filter((line) => line.startsWith(`| \`${given.model}\` |`));
  if (named.length && !named.includes(given.model)) rows.push(...before);
  else {
    rows.push(`| ${(await row(given)).map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`);
    console.error(rows.at(-1));
  }
}
const text = `# ONNX and Keras files as they are given

Written by \`scripts/models_as_given.ts\`; none of these files is part of this repository.

*stated*: the accuracy in the README beside the files; *evaluate*: what \`thumbnet evaluate\` says of the file as it is. *given* and *compressed* are flash, RAM
and latency on ${TARGET} before and after \`compress ${BUDGET.join(' ')}\`, a budget that only shows that the way is there; *accuracy* is that of both on the
test part. *C*: \`export --format c\`, and \`verify\` of it on the emulated core against the integer engine, bit for bit.

| file | stated | evaluate | given | compressed | accuracy | C |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
writeFileSync(PAGE, text);
