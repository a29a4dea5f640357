/** Executed instructions of generated C on emulated cores, layer by layer, beside CMSIS-NN's. */
import { type Verification, verifyGraph } from '../src/emulator/verify.ts';
import type { CoreName } from '../src/targets/index.ts';
import { Heap } from '../src/wasm/heap.ts';
import { CORES, chipOf } from '../test/emulator/tools.ts';
import { C_NETWORKS, type CNetwork } from './c/networks.ts';
import { type Opponent, opponentOf } from './c/opponents.ts';
import { type Section, table } from './section.ts';

type Goals = readonly [number, number, number];

/** Kernels of ours by TFLite's operator, with the largest ratio that is aimed at on DSP cores, M0 and M55. */
const KINDS: Readonly<Record<string, { readonly kernel: RegExp; readonly goals: Goals | null }>> = {
  CONV_2D: { kernel: /^convolve/, goals: [0.53, 0.5, 0.62] },
  DEPTHWISE_CONV_2D: { kernel: /^depthwise/, goals: [0.27, 0.22, 0.4] },
  FULLY_CONNECTED: { kernel: /^fully_connected/, goals: [0.58, 0.65, 0.45] },
  ADD: { kernel: /^elementwise_add/, goals: [0.2, 0.2, 0.2] },
  AVERAGE_POOL_2D: { kernel: /^avg_pool/, goals: null },
  SOFTMAX: { kernel: /^softmax/, goals: null },
};
const WHOLE = [0.45, 0.47, 0.48] as const;

interface Pair {
  readonly op: string;
  readonly label: string;
  readonly ours: number;
  readonly theirs: number;
}

interface Counted {
  readonly network: CNetwork;
  readonly core: CoreName;
  readonly ours: Verification;
  readonly theirs: Opponent;
  readonly pairs: readonly Pair[];
}

const short = (core: CoreName) => core.replace('cortex-m', 'M');
const goalOf = (goals: Goals | null, core: CoreName): number | null =>
  !goals || core === 'cortex-m3' ? null : goals[core === 'cortex-m0' ? 1 : core === 'cortex-m55' ? 2 : 0];
const ratio = ({ ours, theirs }: { ours: number; theirs: number }) => (ours / theirs).toFixed(3);

/** Layers of both in the order of the network; a copy has no partner. */
function pairsOf(ours: Verification, theirs: Opponent): Pair[] {
  const left = ours.layers.filter((l) => Object.values(KINDS).some(({ kernel }) => kernel.test(l.kernel)));
  if (left.length !== theirs.layers.length) throw new Error(`${left.length} layers beside ${theirs.layers.length} of CMSIS-NN`);
  return left.map(({ kernel, instructions }, i) => {
    const { op, macs, instructions: count } = theirs.layers[i];
    if (!KINDS[op]?.kernel.test(kernel)) throw new Error(`layer ${i} is ${kernel} here and ${op} there`);
    return {
      op,
      label: `${i} ${op.toLowerCase()}${macs ? `, ${(macs / 1000).toFixed(0)} kMAC` : ''}`,
      ours: instructions,
      theirs: count,
    };
  });
}

export default async function bench(): Promise<Section> {
  const heap = await Heap.open();
  const all: Counted[] = [];
  for (const network of C_NETWORKS) {
    if (!opponentOf(network.file, 'cortex-m4')) continue;
    const graph = await network.load(heap);
    for (const core of CORES) {
      const ours = await verifyGraph(heap, graph, chipOf(core), { inputs: 1 });
      if (ours.difference) throw new Error(`${network.name} on ${core} differs: ${JSON.stringify(ours.difference)}`);
      const theirs = opponentOf(network.file, core)!;
      all.push({ network, core, ours, theirs, pairs: pairsOf(ours, theirs) });
      console.error(`${network.name} ${core}: ${(ours.instructions / theirs.instructions).toFixed(3)}`);
    }
  }
  return { title: 'Generated C beside CMSIS-NN: executed instructions', text: textOf(all) };
}

function textOf(all: readonly Counted[]): string {
  return [
    'Executed instructions on QEMU 7.2, GCC 12.2.1 `-O2`, of the C that `export --format c` writes; CMSIS-NN 99f736a in its best of four builds (-O2, -O3, each with',
    'and without its faster requantization that is less exact), layer by layer and over the network. Every answer of ours was equal to the engine bit for bit. Counts are',
    'not cycles. Sums of weights that CMSIS-NN makes once before the first run are not counted.',
    '',
    wholeTable(all),
    '',
    'Ratios by kind of layer, the best .. the worst of all layers of these networks; in brackets what is aimed at.',
    '',
    kindTable(all),
    '',
    sizeTable(all),
    '',
    ...layerTables(all),
  ].join('\n');
}

const cell = (value: number, goal: number | null) =>
  `${value.toFixed(3)}${goal !== null && value > goal ? ` (over ${goal})` : ''}`;

/** MLPerf Tiny's networks with goals of their own. */
const WITH_GOAL = new Set(['pretrainedResnet_quant', 'kws_ref_model', 'vww_96_int8']);

function wholeTable(all: readonly Counted[]): string {
  const networks = [...new Set(all.map((c) => c.network))];
  const rows = networks.map((network) => {
    const cells = CORES.map((core) => {
      const { ours, theirs } = all.find((c) => c.network === network && c.core === core)!;
      const goal = WITH_GOAL.has(network.file) ? goalOf(WHOLE, core) : null;
      return `${ours.instructions.toLocaleString('en')} (${cell(ours.instructions / theirs.instructions, goal)})`;
    });
    return [network.name, ...cells];
  });
  return table(["network: instructions (of CMSIS-NN's)", ...CORES.map(short)], rows);
}

function kindTable(all: readonly Counted[]): string {
  const rows = Object.entries(KINDS).map(([op, { goals }]) => {
    const cells = CORES.map((core) => {
      const ratios = all
        .filter((c) => c.core === core)
        .flatMap((c) => c.pairs.filter((p) => p.op === op).map((p) => p.ours / p.theirs));
      const goal = goalOf(goals, core);
      return `${Math.min(...ratios).toFixed(2)} .. ${cell(Math.max(...ratios), goal)}${goal === null ? '' : ` [${goal}]`}`;
    });
    return [op.toLowerCase(), ...cells];
  });
  return table(['layers', ...CORES.map(short)], rows);
}

function sizeTable(all: readonly Counted[]): string {
  const rows = all.map(({ network, core, ours, theirs }) => [
    network.name,
    short(core),
    ours.codeBytes,
    theirs.textBytes,
    (ours.codeBytes / theirs.textBytes).toFixed(2),
    ours.constantBytes,
    ours.scratchBytes,
    theirs.scratchBytes,
    ours.stackBytes,
    ours.stackBoundBytes,
  ]);
  const head = [
    'network',
    'core',
    'code, bytes',
    "CMSIS-NN's text",
    'ratio',
    'constants',
    'scratch, largest',
    "CMSIS-NN's",
    'stack, painted',
    'stack, bound',
  ];
  return table(head, rows);
}

function layerTables(all: readonly Counted[]): string[] {
  const networks = [...new Set(all.map((c) => c.network))];
  return networks.map((network) => {
    const own = CORES.map((core) => all.find((c) => c.network === network && c.core === core)!);
    const rows = own[0].pairs.map(({ label }, i) => [label, ...own.flatMap(({ pairs }) => [pairs[i].ours, ratio(pairs[i])])]);
    const head = [`${network.name}: layer`, ...CORES.flatMap((core) => [short(core), '/ CMSIS-NN'])];
    return `<details><summary>${network.name}, layer by layer</summary>\n\n${table(head, rows)}\n\n</details>\n`;
  });
}
