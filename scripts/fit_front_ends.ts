/**
 * Counts instructions and code of front ends in C on emulated cores, fits both and writes src/mcu/front_end_data.ts. The error told is that of
 * front ends that were left out, one at a time.
 *
 *   node --import tsx scripts/fit_front_ends.ts
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateC } from '../src/c/index.ts';
import { frontEndIn } from '../src/data/index.ts';
import { verifyFrontEnd } from '../src/emulator/verify_front_end.ts';
import { codeOf, partsOf } from '../src/mcu/front_end.ts';
import { Heap } from '../src/wasm/heap.ts';
import { dataOf, networkFor } from '../test/emulator/front_end_network.ts';
import { CORES, chipOf } from '../test/emulator/tools.ts';
import { nnls } from './nnls.ts';

const FRONT_ENDS: readonly (readonly [features: string, samples: number, channels: number])[] = [
  ['mfcc:frame=128,hop=64,high=500', 500, 1],
  ['mfcc:frame=480,hop=320,high=500', 3000, 1],
  ['mfcc:frame=400,hop=160,high=400,bands=20,coefficients=13', 2000, 1],
  ['mfcc:frame=256,hop=256,high=500,bands=26,coefficients=20,energy=power', 1500, 2],
  ['mfcc:frame=1000,hop=500,high=500,bands=32,coefficients=6', 3000, 1],
  ['logmel:frame=480,hop=320,high=500', 3000, 1],
  ['logmel:frame=256,hop=200,high=450,bands=20', 1500, 1],
  ['logmel:frame=100,hop=100,high=500,bands=12,window=none', 800, 3],
  ['logmel:frame=800,hop=400,high=500,bands=64', 2500, 1],
  ['mfe:frame=60,hop=100,fft=128,bands=16', 400, 2],
  ['mfe:frame=320,hop=160,fft=512,bands=40', 2500, 1],
  ['mfe:frame=500,hop=250,fft=512,bands=24,emphasis=0', 2500, 1],
  ['micro-speech:frame=480,hop=320,high=450', 1500, 1],
  ['micro-speech:frame=400,hop=160,high=450,bands=32,coefficients=12', 1500, 1],
  ['micro-speech:frame=250,hop=250,high=450,bands=20,pcan=off', 1000, 2],
  ['micro-speech:frame=60,hop=100,high=450,bands=10', 400, 2],
  ['micro-speech:frame=1000,hop=500,high=450,bands=64,pcan=off,noise=off', 2500, 1],
  ['micro-speech:frame=128,hop=64,high=450,bands=16,pcan=off,noise=off', 700, 1],
  ['librosa-mel:frame=256,hop=200,bands=20', 700, 1],
  ['librosa-mel:frame=2048,hop=512,bands=128', 4000, 1],
  ['librosa-mel-htk:frame=512,hop=256,bands=40', 2000, 1],
  ['fft', 128, 3],
  ['fft', 512, 3],
  ['fft', 1000, 1],
  ['stats', 100, 3],
  ['stats', 500, 6],
  ['stats', 1000, 1],
  ['spectrogram:frame=64,hop=32,window=hamming', 200, 1],
  ['spectrogram:frame=256,hop=128', 1000, 1],
  ['spectrogram:frame=400,hop=200,high=200,energy=magnitude', 1500, 1],
  ['spectrogram:frame=32,hop=16,window=none', 400, 3],
];

type Sample = { readonly parts: Readonly<Record<string, number>>; readonly value: number };

/** Relative least squares with nothing below 0. */
function fit(samples: readonly Sample[]): Record<string, number> {
  const names = [...new Set(samples.flatMap((s) => Object.keys(s.parts)))].sort();
  const found = nnls(
    samples.map(({ parts, value }) => names.map((name) => (parts[name] ?? 0) / value)),
    samples.map(() => 1),
  );
  return Object.fromEntries(names.map((name, i) => [name, Number(found[i].toPrecision(4))]));
}

const told = (parts: Sample['parts'], by: Record<string, number>) =>
  Object.entries(parts).reduce((n, [name, times]) => n + times * (by[name] ?? 0), 0);

function heldOut(samples: readonly Sample[]): [number, number] {
  const errors = samples
    .map((s, i) => Math.abs(told(s.parts, fit(samples.filter((_, k) => k !== i))) / s.value - 1))
    .sort((a, b) => a - b);
  const at = (share: number) => Number(errors[Math.min(errors.length - 1, Math.floor(share * errors.length))].toFixed(3));
  return [at(0.5), at(0.9)];
}

const heap = await Heap.open();
const lines: string[] = [];
const graphs = await Promise.all(
  FRONT_ENDS.map(async ([features, ...size]) => networkFor(heap, await dataOf(features, ...size))),
);
for (const core of CORES) {
  const instructions: Sample[] = [];
  const code: Sample[] = [];
  for (const graph of graphs) {
    const chip = chipOf(core);
    const generated = await generateC(heap, graph, chip, { name: 'network' });
    const found = await verifyFrontEnd(heap, graph, chip, generated, null, 1);
    if (found.difference) throw new Error(`${core}: ${JSON.stringify(found.difference)}`);
    const attached = frontEndIn(graph)!;
    instructions.push({ parts: partsOf(attached), value: found.instructions });
    code.push({ parts: codeOf(attached), value: found.codeBytes });
    console.error(core, attached.facts.features, found.instructions, found.codeBytes);
  }
  const fitted = {
    instructions: fit(instructions),
    code: fit(code),
    heldOut: { instructions: heldOut(instructions), code: heldOut(code) },
    count: graphs.length,
  };
  lines.push(`  '${core}': ${JSON.stringify(fitted)},`);
  console.error(core, fitted.heldOut);
}
const file = fileURLToPath(new URL('../src/mcu/front_end_data.ts', import.meta.url));
writeFileSync(
  file,
  `// Written by scripts/fit_front_ends.ts; do not edit.
import type { FittedFrontEnds } from './front_end.ts';

/** By counted core: GCC -O2, executed instructions on QEMU of samples of noise. */
// biome-ignore format: one line a core
export const FRONT_ENDS: Readonly<Record<string, FittedFrontEnds>> = {
${lines.join('\n')}
};
`,
);
