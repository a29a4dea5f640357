// What profile predicts against what is linked and counted: node --import tsx bench/c/model_errors.ts STATE [COUNT CORE...]
// STATE: a file with a line for each network or random graph on a core; the command adds those that it lacks. Then the table goes into
// bench/README.md, by the models as they are now.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { generateC } from '../../src/c/index.ts';
import { BOARDS } from '../../src/c/project/boards.ts';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { bytesOf, type Graph, sizeOf } from '../../src/graph/graph.ts';
import { LEAST_TOLD } from '../../src/mcu/generated_code.ts';
import { type Profile, profile } from '../../src/mcu/index.ts';
import type { CoreName } from '../../src/targets/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { CORES, chipOf } from '../../test/emulator/tools.ts';
import { putSection } from '../readme.ts';
import { table } from '../section.ts';
import { C_NETWORKS } from './networks.ts';
import { randomGraph } from './random_graphs.ts';

interface Counted {
  readonly core: CoreName;
  /** A network's name, or the seed of a random graph. */
  readonly name: string;
  readonly layers: readonly number[];
  readonly flash: number;
  /** Arena, state, inputs and outputs as the generator planned them. */
  readonly ram: number;
  readonly stack: number;
  readonly stackBound: number;
}

const [state, countText = '0', ...names] = process.argv.slice(2);
if (!state) throw new Error('usage: model_errors.ts STATE [COUNT CORE...]');
const cores = names.map((name) => {
  const core = CORES.find((c) => c === name);
  if (!core) throw new Error(`${name} is none of ${CORES.join(', ')}`);
  return core;
});

const heap = await Heap.open();
const found: Counted[] = existsSync(state)
  ? readFileSync(state, 'utf8')
      .split('\n')
      .filter((l) => l)
      .map((l) => JSON.parse(l))
  : [];

const graphs = new Map<string, Promise<Graph>>();
const graphOf = (name: string): Promise<Graph> => {
  const known = graphs.get(name);
  if (known) return known;
  const network = C_NETWORKS.find((n) => n.name === name);
  const made = network ? network.load(heap) : Promise.resolve(randomGraph(heap, Number(name)));
  graphs.set(name, made);
  return made;
};

async function count(name: string, core: CoreName): Promise<void> {
  if (found.some((f) => f.name === name && f.core === core)) return;
  const graph = await graphOf(name);
  const generated = await generateC(heap, graph, chipOf(core), { name: 'network' });
  const { arenaBytes, stateBytes } = generated.network;
  const board = BOARDS[core];
  if (generated.constantBytes > board.code.bytes || arenaBytes + stateBytes > board.ram.bytes) return;
  const one = await verifyGraph(heap, graph, chipOf(core), { inputs: 1, generated });
  const edges = [...graph.inputs, ...graph.outputs].map((t) => graph.tensors[t]);
  const io = edges.reduce((n, t) => n + bytesOf(t.dtype, sizeOf(t.shape)), 0);
  const line: Counted = {
    core,
    name,
    layers: one.layers.map((l) => l.instructions),
    flash: one.codeBytes + one.constantBytes,
    ram: arenaBytes + stateBytes + io,
    stack: one.stackBytes,
    stackBound: one.stackBoundBytes,
  };
  found.push(line);
  appendFileSync(state, `${JSON.stringify(line)}\n`);
}

for (const core of cores) {
  for (const { name } of C_NETWORKS) await count(name, core);
  for (let seed = 0; seed < Number(countText); seed++) await count(String(seed), core);
  console.error(core);
}

const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
const signed = (a: number, b: number) => `${a >= b ? '+' : ''}${percent(a / b - 1)}`;
const mean = (all: readonly number[]) => all.reduce((a, b) => a + b, 0) / Math.max(1, all.length);
const worst = (all: readonly number[]) => all.reduce((a, b) => Math.max(a, b), 0);
const off = (a: number, b: number) => Math.abs(a / b - 1);
const total = ({ layers }: Counted) => layers.reduce((a, b) => a + b, 0);

/** Relative errors of the layers that run. */
function layerErrors(p: Profile, c: Counted): number[] {
  const own = p.layers.filter((l) => l.instructions > 0);
  const isCounted = (i: number) => isNetwork(c) || c.layers[i] >= LEAST_TOLD;
  return own.length === c.layers.length ? own.flatMap((l, i) => (isCounted(i) ? [off(l.instructions, c.layers[i])] : [])) : [];
}

const predicted = new Map<Counted, Profile>();
for (const c of found) predicted.set(c, profile(await graphOf(c.name), chipOf(c.core)));

const isNetwork = (c: Counted) => C_NETWORKS.some((n) => n.name === c.name);
const networkRows = C_NETWORKS.flatMap(({ name }) =>
  CORES.flatMap((core) => {
    const c = found.find((f) => f.name === name && f.core === core);
    if (!c) return [];
    const p = predicted.get(c)!;
    const errors = layerErrors(p, c);
    return [
      [
        name,
        core.replace('cortex-m', 'M'),
        `${c.flash.toLocaleString('en')} ${signed(p.flashBytes, c.flash)}`,
        `${c.ram.toLocaleString('en')} ${signed(p.ram.arena + p.ram.state + p.ram.io, c.ram)}`,
        `${c.stack} of ${c.stackBound}, ${p.ram.stack}`,
        `${total(c).toLocaleString('en')} ${signed(p.instructions, total(c))}`,
        `${percent(mean(errors))}, ${percent(worst(errors))}`,
      ],
    ];
  }),
);

const randomRows = CORES.flatMap((core) => {
  const own = found.filter((f) => f.core === core && !isNetwork(f));
  if (!own.length) return [];
  const each = own.map((c) => ({ c, p: predicted.get(c)! }));
  const flash = each.map(({ c, p }) => off(p.flashBytes, c.flash));
  const ram = each.map(({ c, p }) => off(p.ram.arena + p.ram.state + p.ram.io, c.ram));
  const instructions = each.map(({ c, p }) => off(p.instructions, total(c)));
  const layers = each.flatMap(({ c, p }) => layerErrors(p, c)).sort((a, b) => a - b);
  const over = each.filter(({ c, p }) => c.stack > p.ram.stack).length;
  const share = layers.filter((e) => e <= 0.15).length / Math.max(1, layers.length);
  return [
    [
      core.replace('cortex-m', 'M'),
      String(own.length),
      `${percent(mean(flash))}, ${percent(worst(flash))}`,
      `${percent(mean(ram))}, ${percent(worst(ram))}`,
      String(over),
      `${percent(mean(instructions))}, ${percent(worst(instructions))}`,
      `${percent(mean(layers))}, ${percent(layers[layers.length >> 1] ?? 0)}, ${percent(worst(layers))}`,
      percent(share),
    ],
  ];
});

putSection(
  'c_models',
  'What profile predicts against what is linked and counted',
  `Generated C (GCC -O2), executed instructions of one inference on QEMU (bench/c/model_errors.ts). Each figure is what was linked or counted, and how far off the prediction is.
Flash: code and constants. RAM: arena, state, inputs and outputs. Stack: painted, of the bound that frames and calls give, and what is predicted. No fit has seen these networks but that of the stack, a bound of what they take.

${table(['network', 'core', 'flash', 'RAM', 'stack', 'instructions', 'layers: mean, worst'], networkRows)}${
  randomRows.length
    ? `

Random graphs (bench/c/random_graphs.ts: the operators that the next section counts, odd shapes, 8 and 16 bits), mean and worst of the graphs; of their layers of at least ${LEAST_TOLD} instructions mean,
median and worst, and how many are within 15 %: smaller ones are a few instructions of which compilers leave nothing.
Fits saw random graphs of other seeds. An activation that leaves one step of the output's alone is in none: compilers drop all that such a layer computes.

${table(['core', 'graphs', 'flash', 'RAM', 'more stack than predicted', 'instructions', 'layers', 'within 15 %'], randomRows)}`
    : ''
}`,
);
