import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importTflite } from '../src/formats/tflite/index.ts';
import type { Graph } from '../src/graph/graph.ts';
import { compile } from '../src/run/compile.ts';
import { Heap } from '../src/wasm/heap.ts';
import { bundle } from '../test/browser/bundle.ts';
import { FOLDERS, ROOT } from '../test/browser/files.ts';
import { launch } from '../test/browser/launch.ts';
import { serve } from '../test/browser/server.ts';
import { runPage } from '../test/browser/session.ts';
import { neededPath } from '../test/shared.ts';
import { distance, integerInputs, isInt8, macsOf, NETWORKS, realInputs } from './networks.ts';
import { type OrtProgram, openOrt } from './onnxruntime.ts';
import type { LitertResult } from './pages/litert.ts';
import { type Contender, race, type Timing } from './rounds.ts';
import { type Section, table } from './section.ts';

/** ONNX Runtime rescales in float, so it is compared with the engine's single rounding; this share of int8 outputs must be equal within a step. */
const SHARE = 0.95;
/** Float sums in another order; a share of the output's largest magnitude. */
const RELATIVE = 1e-3;

/** Whole networks, int8 and float, beside ONNX Runtime in Node and LiteRT.js in Chromium. */
export default async function peers(): Promise<Section> {
  const heap = await Heap.open();
  const single = await Heap.open({ rounding: 'single' });
  const int8: string[][] = [];
  const float: string[][] = [];
  for (const network of NETWORKS) {
    for (const batch of [1, 32]) {
      int8.push(await inNode({ heap, single }, network.name, load(network.int8), load(network.int8), batch));
      float.push(await inNode({ heap, single }, network.name, load(network.float), load(network.int8), batch));
    }
  }
  const chromium = await inChromium();
  const dots = heap.relaxed
    ? 'with relaxed dots, which are exact on this machine'
    : 'with plain dots: this host has no exact relaxed ones';
  const text = `Milliseconds of processor time per example; in brackets how many times as long as Thumbnet takes. Thumbnet's int8 networks run ${dots}. ONNX Runtime gets
the networks as QDQ files with int8 and with uint8 activations; the faster of the two is shown.

### int8, in Node

${table(['network', 'batch', 'Thumbnet', 'GMAC/s', 'onnxruntime-web', 'onnxruntime-node'], int8)}

### float, in Node

${table(['network', 'batch', 'Thumbnet', 'GMAC/s', 'onnxruntime-web', 'onnxruntime-node'], float)}

### int8, in Chromium

LiteRT.js takes floats only, so that in all columns the network stands between a quantization and a dequantization. The answers of all are equal, with Thumbnet
under single rounding.

${table(['network', 'batch', 'Thumbnet', 'Thumbnet, plain dots', 'LiteRT.js'], chromium.int8)}

### float, in Chromium

${table(['network', 'batch', 'Thumbnet', 'LiteRT.js'], chromium.float)}

What bounds the ratios: native ONNX Runtime has one instruction (AVX-512 VNNI) for 64 products of bytes where Wasm's widest, the relaxed dot, has 16. Of floats
LiteRT's module multiplies and adds in one instruction of relaxed SIMD, whose results differ between processors: a promise of equal bytes rules it out.`;
  return { title: 'Whole networks beside their peers', text };
}

interface Engines {
  readonly heap: Heap;
  readonly single: Heap;
}

const load = (name: string): Graph => importTflite(readFileSync(neededPath(`data/models/${name}.tflite`)));

async function inNode({ heap, single }: Engines, name: string, graph: Graph, int8: Graph, batch: number): Promise<string[]> {
  const real = realInputs(int8, batch);
  const x = isInt8(graph) ? integerInputs(int8, real) : real;
  return heap.exclusive(async () => {
    const program = compile(heap, graph, { batch });
    const expected = answer(isInt8(graph) ? single : heap, graph, x, batch);
    // An input may be overwritten by a later layer: every run is given it again, as a user would.
    const ours = () => {
      heap.write(program.inputs[0], x);
      program.run();
    };
    const contenders: Contender[] = [{ name: 'ours', run: ours }];
    const opened: OrtProgram[] = [];
    for (const flavour of ['web', 'node'] as const) {
      for (const unsigned of isInt8(graph) ? [false, true] : [false]) {
        const theirs = await openOrt(flavour, graph, x, { batch, unsigned });
        opened.push(theirs);
        check(`${name} in onnxruntime-${flavour}`, graph, await theirs.output(), expected);
        contenders.push({ name: flavour, run: theirs.run });
      }
    }
    const timings = await race(contenders);
    for (const o of opened) await o.release();
    console.error(
      `${name} ${isInt8(graph) ? 'int8' : 'float'} batch ${batch}: ${timings.map((t) => `${t.name} ${(t.median / batch).toFixed(4)}`).join(', ')}`,
    );
    const [mine] = timings;
    const fastest = (flavour: string) =>
      timings.filter((t) => t.name === flavour).reduce((a, b) => (b.median < a.median ? b : a));
    const rate = (macsOf(graph) * batch) / mine.median / 1e6;
    return [
      name,
      String(batch),
      cell(mine, batch),
      rate.toFixed(1),
      cell(fastest('web'), batch, mine),
      cell(fastest('node'), batch, mine),
    ];
  });
}

function answer(heap: Heap, graph: Graph, x: Float32Array | Int8Array, batch: number): Float32Array | Int8Array {
  return heap.scope(() => {
    const program = compile(heap, graph, { batch });
    heap.write(program.inputs[0], x);
    program.run();
    return heap.read(program.outputs[0]) as Float32Array | Int8Array;
  });
}

function check(what: string, graph: Graph, theirs: ArrayLike<number>, ours: ArrayLike<number>): void {
  const { relative, within } = distance(theirs, ours);
  if (isInt8(graph) ? within < SHARE : relative > RELATIVE) {
    throw new Error(`${what}: another answer; ${isInt8(graph) ? `${100 * within} % within a step` : `off by ${relative}`}`);
  }
}

/** Rows of the tables of Chromium. */
async function inChromium(): Promise<{ int8: string[][]; float: string[][] }> {
  const { url, server } = await serve(await bundle(join(ROOT, 'bench/pages'), ['litert']), FOLDERS);
  const browser = await launch('chromium');
  try {
    const results = await runPage<LitertResult[]>(browser, url, 'litert');
    for (const { network, numbers, relative } of results) {
      const most = numbers === 'int8' ? 0 : RELATIVE;
      if (relative > most) throw new Error(`${network}, ${numbers}, in LiteRT.js: the answers differ by ${relative}`);
    }
    const rows = (numbers: LitertResult['numbers']) =>
      results
        .filter((r) => r.numbers === numbers)
        .map(({ network, batch, timings: [ours, ...others] }) => [
          network,
          String(batch),
          cell(ours, batch),
          ...others.map((t) => cell(t, batch, ours)),
        ]);
    return { int8: rows('int8'), float: rows('float') };
  } finally {
    await browser.close();
    server.close();
  }
}

function cell({ median, spread }: Timing, batch: number, ours?: Timing): string {
  const digits = median / batch < 0.1 ? 4 : 3;
  const told = `${(median / batch).toFixed(digits)} ± ${(spread / batch).toFixed(digits)}`;
  return ours ? `${told} (${(median / ours.median).toFixed(2)} ×)` : told;
}
