import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { Heap, type HeapOptions, type Int8Kernels } from '../../src/wasm/heap.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RELAXED_DOT = 'i32x4.relaxed_dot_i8x16_i7x16_add_s(w, a, sums)';

/** Functions that a dot may be written out in: products of pairs in 16 or 32 bits, sums of neighbours. */
const HELPERS = `
function fours(u: v128, v: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(u, v, 0, 2, 4, 6), v128.shuffle<i32>(u, v, 1, 3, 5, 7));
}
function pairs(w: v128, a: v128): v128 {
  return fours(
    i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(w), i16x8.extend_low_i8x16_u(a)),
    i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(w), i16x8.extend_high_i8x16_u(a)));
}`;
/** What a relaxed dot must give here, from instructions that every host has. */
const EXACT = 'i32x4.add(sums, pairs(w, a))';

let exact: Promise<WebAssembly.Module> | null = null;

/**
 * A heap whose int8 products are relaxed dots. Where the host has none, or none that are exact, it runs the same source with that one
 * instruction written out.
 */
export async function relaxedHeap(options: HeapOptions = {}): Promise<Heap> {
  const heap = await Heap.open(options);
  if (!heap.relaxed) {
    exact ??= compileWith('assembly/int8.ts', EXACT);
    const env = { singleRounding: heap.rounding === 'single' ? 1 : 0, memory: heap.wasm.memory };
    const { exports } = await WebAssembly.instantiate(await exact, { env });
    Object.assign(heap, { int8: exports as unknown as Int8Kernels });
  }
  return heap;
}

/** Heaps of both halves, under both roundings. */
export async function bothHalves() {
  const plain = { double: await Heap.open({ relaxed: false }), single: await Heap.open({ relaxed: false, rounding: 'single' }) };
  return { plain, relaxed: { double: await relaxedHeap(), single: await relaxedHeap({ rounding: 'single' }) } };
}

/** The second module from `entry`, its relaxed dot of `w`, `a` and `sums` replaced by another expression. */
export async function compileWith(entry: string, dot: string): Promise<WebAssembly.Module> {
  let wasm: Uint8Array<ArrayBuffer> | null = null;
  const files = {
    readFile(name: string) {
      try {
        const text = readFileSync(`${ROOT}${name}`, 'utf8');
        return name.endsWith('math/products.ts') ? text.replace(RELAXED_DOT, dot) + HELPERS : text;
      } catch {
        return null;
      }
    },
    writeFile(name: string, contents: string | Uint8Array) {
      if (name.endsWith('.wasm')) wasm = contents as Uint8Array<ArrayBuffer>;
    },
    listFiles: () => [],
  };
  const flags = '-O1 --noAssert --runtime stub --enable simd,bulk-memory,relaxed-simd --importMemory --noExportMemory';
  const { error, stderr } = await asc.main([entry, '--outFile', 'int8.wasm', ...flags.split(' ')], files);
  if (error || !wasm) throw new Error(`the int8 kernels do not compile: ${error?.message}\n${stderr}`);
  return WebAssembly.compile(wasm);
}
