import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { Heap } from '../src/wasm/heap.ts';
import { type Contender, race } from './rounds.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const WORDS = 144;
const TILES = 1000;

/** The bare tile as a contender: what the int8 inner loop does where nothing else is to be done. */
async function bareTile(relaxed: boolean): Promise<Layer> {
  let wasm: Uint8Array | null = null;
  const flags = `-O3 --converge --noAssert --runtime stub --initialMemory 1 --enable simd${relaxed ? ',relaxed-simd' : ''}`;
  const { error, stderr } = await asc.main(['bench/assembly/bare_tile.ts', '--outFile', 'bare_tile.wasm', ...flags.split(' ')], {
    readFile: (name) => {
      try {
        return readFileSync(join(ROOT, name), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) wasm = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || !wasm) throw new Error(`the bare tile does not compile: ${error?.message}\n${stderr}`);
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(wasm), {});
  const tile = exports.bare_tile as (y: number, a: number, b: number, words: number, tiles: number) => void;
  return { name: 'bare tile', macs: TILES * WORDS * (relaxed ? 128 : 64), run: () => tile(1024, 4096, 16384, WORDS, TILES) };
}

export interface Layer extends Contender {
  readonly macs: number;
}

export interface Rate {
  readonly name: string;
  /** GMAC/s: the median of all rounds, and the fastest. */
  readonly median: number;
  readonly best: number;
  /** Share of the bare tile's rate, medians of the same rounds. */
  readonly share: number;
}

/** The same layer with plain dots and with relaxed ones; null where the host has none that are exact. */
export interface Halves {
  readonly plain: Rate;
  readonly relaxed: Rate | null;
}

/** Rates of layers beside the bare tiles, all in turns. `make` gives the same layers for any heap. */
export async function rates(make: (heap: Heap) => readonly Layer[]): Promise<{ bare: Halves; layers: Halves[] }> {
  const heaps = [await Heap.open({ relaxed: false }), await Heap.open()].filter((h, i) => i === 0 || h.relaxed);
  const halves: Layer[][] = [];
  for (const heap of heaps) halves.push([await bareTile(heap.relaxed), ...make(heap)]);
  const timings = await race(halves.flat(), { rounds: 61, millis: 3 });
  const [plain, relaxed] = halves.map((layers, h): Rate[] => {
    const own = timings.slice(h * layers.length, (h + 1) * layers.length);
    const rate = (ms: number, i: number) => layers[i].macs / ms / 1e6;
    const bare = rate(own[0].median, 0);
    return own.map((t, i) => ({
      name: t.name,
      median: rate(t.median, i),
      best: rate(t.best, i),
      share: rate(t.median, i) / bare,
    }));
  });
  const [bare, ...layers] = plain.map((rate, i): Halves => ({ plain: rate, relaxed: relaxed?.[i] ?? null }));
  return { bare, layers };
}

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

/** What every table of rates says first. */
export function bareLine({ plain, relaxed }: Halves): string {
  const plainDots = `${plain.median.toFixed(1)} GMAC/s (best ${plain.best.toFixed(1)}) with plain dots`;
  return `Bare tiles in this run: ${plainDots}, ${
    relaxed
      ? `${relaxed.median.toFixed(1)} (best ${relaxed.best.toFixed(1)}) with relaxed ones, ${(relaxed.median / plain.median).toFixed(2)} ×`
      : 'and this host has no exact relaxed ones (Node 24 on a processor with VNNI has)'
  }.`;
}

export const RATE_HEAD = ['plain dots, GMAC/s', 'of its bare tile', 'relaxed dots, GMAC/s', 'of its bare tile', 'times as fast'];

export function rateCells({ plain, relaxed }: Halves): string[] {
  const cells = (r: Rate) => [r.median.toFixed(1), percent(r.share)];
  return [...cells(plain), ...(relaxed ? [...cells(relaxed), (relaxed.median / plain.median).toFixed(2)] : ['-', '-', '-'])];
}
