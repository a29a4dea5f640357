/** CMSIS-NN's counts, from `data/measured` beside the repository. */
import { readFileSync } from 'node:fs';
import type { CoreName } from '../../src/targets/index.ts';
import { neededPath } from '../../test/shared.ts';

export interface OpponentLayer {
  /** TFLite's name of the operator. */
  readonly op: string;
  readonly macs: number;
  /** Of its best build of this layer. */
  readonly instructions: number;
  readonly scratchBytes: number;
}

export interface Opponent {
  readonly layers: readonly OpponentLayer[];
  /** Of the best of its builds over the whole network, and that build's name. */
  readonly instructions: number;
  readonly build: string;
  /** Of the largest buffer that a layer asks for. */
  readonly scratchBytes: number;
  /** Of its functions at -O2, without those that only answer how large a buffer must be. */
  readonly textBytes: number;
}

type Row = Readonly<Record<string, string>>;

function rowsOf(file: string): Row[] {
  const [head, ...lines] = readFileSync(neededPath(`data/measured/${file}`), 'utf8')
    .trim()
    .split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((v, i) => [names[i], v])));
}

let counts: Row[] | null = null;
let sizes: Row[] | null = null;

/** `cortex-m4` is `m4` in the tables. @returns null where the network was not counted */
export function opponentOf(file: string, core: CoreName): Opponent | null {
  counts ??= rowsOf('instructions_opponents.csv');
  sizes ??= rowsOf('code_opponents.csv');
  const short = core.replace('cortex-', '');
  const own = counts.filter((r) => r.network === file && r.core === short);
  if (!own.length) return null;
  // Sums of weights are made once, before the first run.
  const layers = new Map<string, OpponentLayer>();
  for (const { layer, op, macs, instructions, scratch_bytes } of own) {
    if (op === 'TOTAL' || op === 'VECTOR_SUM') continue;
    const count = Number(instructions);
    const best = layers.get(layer);
    if (!best || count < best.instructions) {
      layers.set(layer, { op, macs: Number(macs), instructions: count, scratchBytes: Number(scratch_bytes) });
    }
  }
  const totals = own.filter((r) => r.layer === 'total');
  const best = totals.reduce((a, b) => (Number(b.instructions) < Number(a.instructions) ? b : a));
  const size = sizes.find((r) => r.network === file && r.core === short && r.build === 'O2');
  return {
    layers: [...layers.values()],
    instructions: Number(best.instructions),
    build: best.build,
    scratchBytes: Math.max(...[...layers.values()].map((l) => l.scratchBytes)),
    textBytes: size ? Number(size.text_bytes) - Number(size.of_text_get_buffer_size_bytes) : Number.NaN,
  };
}
