// The C of random small graphs against the engine: node --import tsx bench/c/verify_random.ts STATE COUNT CORE...
// STATE: a file with a line for each graph that was run; the command goes on behind them. Once all are there they go into bench/README.md.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { verifyGraph } from '../../src/emulator/verify.ts';
import { OPS } from '../../src/ops/index.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { CORES, chipOf } from '../../test/emulator/tools.ts';
import { putSection } from '../readme.ts';
import { table } from '../section.ts';
import { randomGraph } from './random_graphs.ts';

interface Line {
  readonly core: string;
  readonly seed: number;
  readonly nodes: number;
  readonly ops: readonly string[];
  /** Empty where all outputs were equal. */
  readonly found: string;
}

const [state, countText, ...names] = process.argv.slice(2);
const count = Number(countText);
const cores = names.map((name) => {
  const core = CORES.find((c) => c === name);
  if (!core) throw new Error(`${name} is none of ${CORES.join(', ')}`);
  return core;
});
if (!state || !(count > 0) || !cores.length) throw new Error('usage: verify_random.ts STATE COUNT CORE...');

const lines: Line[] = existsSync(state)
  ? readFileSync(state, 'utf8')
      .trim()
      .split('\n')
      .filter((l) => l)
      .map((l) => JSON.parse(l))
  : [];
const heap = await Heap.open();
const WARNINGS = ['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wcast-align', '-Werror'];

for (const core of cores) {
  for (let seed = 0; seed < count; seed++) {
    if (lines.some((l) => l.core === core && l.seed === seed)) continue;
    const graph = randomGraph(heap, seed);
    let found = '';
    try {
      const { difference } = await verifyGraph(heap, graph, chipOf(core), { inputs: 3, flags: WARNINGS });
      if (difference) found = `differs: ${JSON.stringify(difference)}`;
    } catch (e) {
      found = `${(e as Error).message.slice(0, 2000)}`;
    }
    const line: Line = { core, seed, nodes: graph.nodes.length, ops: graph.nodes.map((n) => n.op), found };
    lines.push(line);
    appendFileSync(state, `${JSON.stringify(line)}\n`);
    if (found) console.error(`${core}, seed ${seed}: ${found}`);
  }
}

const wanted = Object.keys(OPS).filter((op) => OPS[op].lower);
const rows = CORES.flatMap((core) => {
  const own = lines.filter((l) => l.core === core && l.seed < count);
  if (!own.length) return [];
  const ops = new Set(own.flatMap((l) => l.ops));
  const missing = wanted.filter((op) => !ops.has(op));
  const bad = own.filter((l) => l.found);
  return [
    [
      core,
      own.length,
      own.reduce((n, l) => n + l.nodes, 0),
      `${ops.size}`,
      missing.join(', ') || 'none',
      bad.length ? bad.map((l) => l.seed).join(', ') : 'none',
    ],
  ];
});
const text = `Chains of 2 to 5 random layers of odd shapes with branches, int8 with some 4-bit weights or int16, three inputs each, compiled with warnings as errors, compared with the
engine bit for bit (bench/c/verify_random.ts).

${table(['core', 'graphs', 'layers', 'operators', 'integer operators that are in none', 'seeds with a difference'], rows)}`;
putSection('c_random', 'Generated C of random graphs', text);
process.exit(lines.some((l) => l.found) ? 1 : 0);
