/**
 * Public models of many kinds through the verbs, as docs/public_models.md lists them: `node --import tsx scripts/public_models.ts DIR [--fetch]`.
 *
 * DIR holds each file as owner/name/path; `--fetch` asks GitHub for those that are missing. None of them is part of this repository. The
 * examples are random numbers within each input's range and the labels are what the model as given answers to them: classes after a softmax
 * or a sigmoid, at each place of a map, else the values themselves. A figure of quality says how far a stage's result still agrees with the
 * model as given, nothing more.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importTflite } from '../src/formats/tflite/index.ts';
import { integerRange, sizeOf, type Tensor } from '../src/graph/graph.ts';
import { createRandom, readNpy, writeNpy } from '../src/index.ts';
import { type OutputFacts, outputsOf } from '../src/task/outputs.ts';
import { cell, kib, thumbnet } from './command.ts';

const TARGET = 'stm32f407vg';
const EXAMPLES = 32;
const MINUTES = 3;

interface Listed {
  readonly repo: string;
  readonly commit: string;
  readonly path: string;
  readonly kind: string;
}

const tflm = { repo: 'tensorflow/tflite-micro', commit: '90b983c2b3f1480642e040bbd2ddb37b998f3424' };
const wake = { repo: 'esphome/micro-wake-word-models', commit: '05b65922cc433c9df13e98e32a7fe520758c837e' };
const zoo = { repo: 'bvenreply/stm32ai-modelzoo', commit: '2d9c459456f171096d64623364f5ff3cdfeb97b3' };
const openmv = { repo: 'openmv/openmv', commit: 'cbbb877eda5c2b490ac4f52d17bfa32405c4ac97' };
const esp = { repo: 'uraich/TinyML', commit: '9c7f12c2de8f442144305cb3945d846d961b8fc8' };
const tiny = { repo: 'mlcommons/tiny', commit: '1afd2c9820f795965a6134facd0b4dfae41ef23f' };
const weather = {
  repo: 'rishi-latchmepersad/TinyML-Home-Weather-Forecasting',
  commit: '35ee6ee2c8b298ddecc0317990377a4c6339674a',
};
const trained = 'benchmark/training';

const MODELS: readonly Listed[] = [
  { ...wake, path: 'models/v2/okay_nabu.tflite', kind: 'wake word, streaming state' },
  { ...wake, path: 'models/v2/hey_jarvis.tflite', kind: 'wake word, streaming state' },
  { ...wake, path: 'models/v2/vad.tflite', kind: 'voice activity, streaming state' },
  { ...tflm, path: 'tensorflow/lite/micro/models/keyword_scrambled.tflite', kind: 'SVDF, int16 input, int32 output' },
  { ...tflm, path: 'tensorflow/lite/micro/models/keyword_scrambled_8bit.tflite', kind: 'SVDF with 8-bit state' },
  { ...tflm, path: 'tensorflow/lite/micro/examples/mnist_lstm/trained_lstm.tflite', kind: 'float LSTM' },
  { ...tflm, path: 'tensorflow/lite/micro/examples/mnist_lstm/trained_lstm_int8.tflite', kind: 'int8 LSTM' },
  {
    ...tflm,
    path: 'tensorflow/lite/micro/examples/micro_speech/models/micro_speech_quantized.tflite',
    kind: 'keyword, depthwise over one channel',
  },
  { ...tflm, path: 'tensorflow/lite/micro/examples/hello_world/models/hello_world_int8.tflite', kind: 'regression' },
  { ...tflm, path: 'tensorflow/lite/micro/models/person_detect_vela.tflite', kind: 'compiled by Vela' },
  { ...tflm, path: 'tensorflow/lite/micro/examples/dtln/dtln_noise_suppression.tflite', kind: 'noise suppression, LSTM' },
  {
    ...zoo,
    path: 'human_activity_recognition/models/gmp/ST_pretrainedmodel_public_dataset/WISDM/gmp_wl_24/gmp_wl_24_int8.tflite',
    kind: 'GlobalMaxPooling as REDUCE_MAX',
  },
  {
    ...zoo,
    path: 'image_classification/models/resnetv1/ST_pretrainedmodel_public_dataset/cifar10/resnet_v1_8_32/resnet_v1_8_32_int8.tflite',
    kind: 'QUANTIZE and DEQUANTIZE at the edges',
  },
  { ...openmv, path: 'lib/models/force_int_quant.tflite', kind: 'QUANTIZE and DEQUANTIZE at the edges' },
  { ...openmv, path: 'lib/models/fomo_face_detection.tflite', kind: 'object map (FOMO)' },
  { ...openmv, path: 'lib/models/blazeface_front_128.tflite', kind: 'object detection, several outputs' },
  { ...esp, path: 'esp32/micro-speech/lib/model.tflite', kind: 'keyword, depthwise over one channel' },
  { ...esp, path: 'esp32/magic_wand/models/magic_wand_model_quant.tflite', kind: 'gestures' },
  {
    ...tiny,
    path: `${trained}/streaming_wakeword/trained_models/str_ww_ref_model.tflite`,
    kind: 'MLPerf Tiny streaming wake word',
  },
  {
    ...tiny,
    path: `${trained}/anomaly_detection/trained_models/ToyCar/baseline_tf23/model/model_ToyCar_quant.tflite`,
    kind: 'hybrid (dynamic range)',
  },
  {
    ...tiny,
    path: `${trained}/keyword_spotting/trained_models/kws_ref_model_float32.tflite`,
    kind: 'MLPerf Tiny keywords, float',
  },
  { ...weather, path: 'machine_learning/cnn_v3.tflite', kind: 'forecast of 24 values' },
];

/** Random numbers of one input: raw as the file takes them, and what they mean. */
function examplesOf({ dtype, shape, quant, name }: Tensor) {
  const random = createRandom(0, `public/${name}`);
  const n = EXAMPLES * sizeOf(shape.slice(1));
  const dims = [EXAMPLES, ...shape.slice(1)];
  if (dtype === 'f32') {
    const values = Float32Array.from({ length: n }, () => random.uniform());
    return { raw: writeNpy(values, dims), real: writeNpy(values, dims) };
  }
  const { min, max } = integerRange(dtype);
  const raw = Array.from({ length: n }, () => min + random.below(max - min + 1));
  const made = { i8: Int8Array, u8: Uint8Array, i16: Int16Array }[dtype as 'i8'].from(raw);
  const [scale, zero] = [quant?.scales[0] ?? 1, quant?.zeros[0] ?? 0];
  return {
    raw: writeNpy(made, dims),
    real: writeNpy(
      Float32Array.from(raw, (q) => scale * (q - zero)),
      dims,
    ),
  };
}

interface Labelled {
  readonly y: Uint8Array;
  /** What must be stated for them. */
  readonly flags: readonly string[];
}

/** Labels of the model's own answers, as they belong to such an output. */
function labelsOf(bytes: Uint8Array, { channels, ends, shape, name }: OutputFacts, tensor: Tensor): Labelled {
  const { data } = readNpy(bytes, 'y.npy');
  const values = Array.from(data as ArrayLike<number>, Number);
  const dims = [EXAMPLES, ...shape];
  if (ends === 'softmax' || ends === 'logistic') {
    const rows = Array.from({ length: values.length / channels }, (_, i) => values.slice(i * channels, (i + 1) * channels));
    const classes = channels > 1 ? rows.map((row) => row.indexOf(Math.max(...row))) : aboveMiddle(values);
    const task = channels > 1 ? 'classification' : 'binary';
    return { y: writeNpy(Int32Array.from(classes), dims.slice(0, -1)), flags: ['--task', task, '--output', name] };
  }
  const [scale, zero] = tensor.dtype === 'f32' ? [1, 0] : [tensor.quant?.scales[0] ?? 1, tensor.quant?.zeros[0] ?? 0];
  const real = Float32Array.from(values, (v) => scale * (v - zero));
  return { y: writeNpy(real, dims), flags: ['--task', 'regression', '--output', name] };
}

/** 1 for the larger half. */
function aboveMiddle(values: readonly number[]): number[] {
  const middle = [...values].sort((a, b) => a - b)[values.length >> 1];
  return values.map((v, i) => Number(v === middle ? i % 2 : v > middle));
}

async function row({ repo, path, kind }: Listed, folder: string, work: string): Promise<string[]> {
  const model = join(folder, repo, path);
  const title = `\`${path.split('/').at(-1)}\` (${repo}): ${kind}`;
  if (!existsSync(model)) return [title, 'the file is not there'];
  const size = (await stat(model)).size;
  const inspected = await thumbnet(MINUTES, 'inspect', model);
  if (!inspected.json) return [title, kib(size), `refused: ${inspected.failure}`];
  const profiled = await thumbnet(MINUTES, 'profile', model, '--target', TARGET, '--runtime', 'tflm');
  const graph = importTflite(new Uint8Array(await readFile(model)));
  const data = join(work, 'data');
  await mkdir(data, { recursive: true });
  const inputs = graph.inputs.map((t) => graph.tensors[t]);
  const feeds: string[] = [];
  for (const [i, tensor] of inputs.entries()) {
    const { raw, real } = examplesOf(tensor);
    const name = inputs.length > 1 ? `x${i + 1}` : 'x';
    await writeFile(join(work, `${name}.npy`), raw);
    await writeFile(join(data, `${name}.npy`), real);
    feeds.push('--input', inputs.length > 1 ? `${tensor.name}=${join(work, `${name}.npy`)}` : join(work, `${name}.npy`));
  }
  const outputs = outputsOf(graph);
  const files = outputs.map((_, i) => join(work, `y${i}.npy`));
  const written =
    outputs.length > 1 ? outputs.flatMap(({ name }, i) => ['--output', `${name}=${files[i]}`]) : ['--output', files[0]];
  const inferred = await thumbnet(MINUTES, 'infer', model, ...feeds, ...written);
  const labels = inferred.json
    ? labelsOf(new Uint8Array(await readFile(files[0])), outputs[0], graph.tensors[graph.outputs[0]])
    : null;
  if (labels) await writeFile(join(data, 'y.npy'), labels.y);
  const stage = async (name: string) => {
    const out = join(work, `${name}.tflite`);
    const done = await thumbnet(MINUTES, name, model, '--data', data, ...(labels?.flags ?? []), '--out', out);
    return { done, size: done.json ? (await stat(out)).size : 0 };
  };
  const [pruned, quantized] = [await stage('prune'), await stage('quantize')];
  const exported = await thumbnet(MINUTES, 'export', model, '--format', 'tflite', '--out', join(work, 'out'));
  return [
    title,
    kib(size),
    cell(inspected, ({ macs }: { macs: number }) => `${macs.toLocaleString('en')} MACs`),
    cell(profiled, (p: { flashBytes: number; ramBytes: number; latencyMs: number }) =>
      [kib(p.flashBytes), kib(p.ramBytes), `${p.latencyMs.toFixed(2)} ms`].join(', '),
    ),
    cell(inferred, () => `${EXAMPLES} examples`),
    cell(pruned.done, () => kib(pruned.size)),
    cell(quantized.done, () => kib(quantized.size)),
    cell(exported, () => 'written'),
  ];
}

async function fetched({ repo, commit, path }: Listed, folder: string): Promise<void> {
  const file = join(folder, repo, path);
  if (existsSync(file)) return;
  const answer = await fetch(`https://raw.githubusercontent.com/${repo}/${commit}/${path}`);
  if (!answer.ok) throw new Error(`${repo}@${commit}:${path}: ${answer.status}`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, new Uint8Array(await answer.arrayBuffer()));
}

const [folder, ...flags] = process.argv.slice(2);
if (!folder) throw new Error('usage: public_models.ts DIR [--fetch]');
if (flags.includes('--fetch')) for (const model of MODELS) await fetched(model, folder);
const rows: string[] = [];
for (const model of MODELS) {
  const work = join(tmpdir(), `thumbnet-public-${process.pid}`);
  await mkdir(work, { recursive: true });
  const cells = await row(model, folder, work);
  await rm(work, { recursive: true });
  rows.push(`| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`);
  console.error(rows.at(-1));
}
const sources = [...new Map(MODELS.map((m) => [m.repo, m.commit]))].map(([repo, commit]) => `\`${repo}@${commit.slice(0, 8)}\``);
const text = `# Public models through the verbs

Written by \`scripts/public_models.ts\`; none of these files is part of this repository. Sources: ${sources.join(', ')}.

Profiles are for ${TARGET} with TFLite Micro (flash, RAM, latency). \`prune\` and \`quantize\` run with their defaults on ${EXAMPLES} random examples, so that the sizes
of their files show that the stage works on such a model, not what it does to its accuracy. "refused" is the command's own message. Labels are what the
model as given answers by its first output: classes after a softmax or a sigmoid, at each place of a map, else the values themselves.

| model | file | inspect | profile | infer | prune | quantize | export |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
await writeFile(fileURLToPath(new URL('../docs/public_models.md', import.meta.url)), text);
