import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { neededPath } from '../test/shared.ts';
import { NETWORKS } from './networks.ts';
import { type Section, table } from './section.ts';

const RUNS = 15;
const DIST = new URL('../dist/', import.meta.url);

/** What a program pays before its first answer, in a process of its own each time. */
export default async function load(): Promise<Section> {
  const size = (name: string) => {
    const wasm = readFileSync(new URL(name, DIST));
    return `${(wasm.length / 1000).toFixed(1)} kB of Wasm, ${(gzipSync(wasm, { level: 9 }).length / 1000).toFixed(1)} kB gzipped`;
  };
  const rows = NETWORKS.map(({ name, int8 }) => {
    const times = Array.from({ length: RUNS }, () => once(neededPath(`data/models/${int8}.tflite`)));
    const median = (pick: (t: Times) => number) =>
      times
        .map(pick)
        .sort((a, b) => a - b)
        [RUNS >> 1].toFixed(1);
    return [
      name,
      median((t) => t.module),
      median((t) => t.compile),
      median((t) => t.first),
      median((t) => t.module + t.compile + t.first),
    ];
  });
  const text = `All kernels: ${size('thumbnet.wasm')}. The int8 ones with relaxed dots: ${size('thumbnet_relaxed.wasm')}.

${table(['processor time, ms', 'modules read, compiled and probed', 'graph planned and packed', 'first inference', 'together'], rows)}`;
  return { title: 'Size, and time to the first answer', text };
}

interface Times {
  readonly module: number;
  readonly compile: number;
  readonly first: number;
}

function once(model: string): Times {
  const script = `
    import { readFileSync } from 'node:fs';
    const { Heap } = await import('${new URL('wasm/heap.js', DIST)}');
    const { compile } = await import('${new URL('run/compile.js', DIST)}');
    const { importTflite } = await import('${new URL('formats/tflite/index.js', DIST)}');
    const graph = importTflite(readFileSync(process.argv[1]));
    const now = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
    const t0 = now();
    const heap = await Heap.open();
    const t1 = now();
    const program = compile(heap, graph);
    const t2 = now();
    program.run();
    const t3 = now();
    console.log(JSON.stringify({ module: t1 - t0, compile: t2 - t1, first: t3 - t2 }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, model], {
    cwd: fileURLToPath(DIST),
    encoding: 'utf8',
  });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as Times;
}
