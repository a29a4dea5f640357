import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { type Contender, race } from './rounds.ts';

const FOLDER = fileURLToPath(new URL('assembly/', import.meta.url));
const PAIRS = 144;
const TILES = 1000;

/** The bare tile as a contender: what the int8 inner loop does where nothing else is to be done. */
async function bareTile(): Promise<Layer> {
  const files: Record<string, Uint8Array> = {};
  const { error, stderr } = await asc.main(
    [
      ...'bare_tile.ts --outFile bare_tile.wasm -O3 --converge --noAssert --runtime stub --enable simd --initialMemory 1'.split(
        ' ',
      ),
    ],
    {
      readFile: (name, base) => {
        try {
          return readFileSync(join(FOLDER, base && base !== '.' ? base : '', name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (name, contents) => {
        files[name] = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`the bare tile does not compile: ${error.message}\n${stderr}`);
  const module = await WebAssembly.compile(files['bare_tile.wasm'] as BufferSource);
  const { exports } = await WebAssembly.instantiate(module, {});
  const tile = exports.bare_tile as (y: number, a: number, b: number, pairs: number, tiles: number) => void;
  return { name: 'bare tile', macs: TILES * PAIRS * 64, run: () => tile(1024, 4096, 16384, PAIRS, TILES) };
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

/** Rates of layers beside the bare tile, which takes its turn in every round. The first is the bare tile itself. */
export async function rates(layers: readonly Layer[]): Promise<Rate[]> {
  const all = [await bareTile(), ...layers];
  const timings = await race(all, { rounds: 61, millis: 3 });
  const rate = (ms: number, i: number) => all[i].macs / ms / 1e6;
  const bare = rate(timings[0].median, 0);
  return timings.map((t, i) => ({
    name: t.name,
    median: rate(t.median, i),
    best: rate(t.best, i),
    share: rate(t.median, i) / bare,
  }));
}

export const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
