import { instantiate } from '@assemblyscript/loader';
import type { instantiate as rawInstantiate } from '../../dist/thumbnet.js';
import type { instantiate as rawRelaxed } from '../../dist/thumbnet_relaxed.js';
import { bytesOf, type DType, newValues, sizeOf, type Values } from '../graph/graph.ts';
import { unpackInt4 } from '../graph/int4.ts';
import { kernelModule, relaxedModule } from './load.ts';

/** Every export of the module, typed from what the compiler emitted. */
export type Wasm = Awaited<ReturnType<typeof rawInstantiate>>;
type Relaxed = Awaited<ReturnType<typeof rawRelaxed>>;
/** The kernels of int8 products, which both modules have. */
export type Int8Kernels = Omit<Relaxed, 'relaxed_dot_is_exact'>;

/** A place in Wasm memory with a shape. `ptr` is a byte address, aligned to 16. `i4` is packed two to a byte. */
export interface HeapTensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly ptr: number;
}

/** A step of a compiled graph: calling it runs the layer once, on what its inputs then hold. */
export type Step = () => void;

export interface HeapOptions {
  /** Requantization of the whole engine: `double` (CMSIS-NN's default) or `single`. */
  rounding?: 'double' | 'single';
  /** `false`: no relaxed dots, even where they are exact. The results are the same. */
  relaxed?: boolean;
}

const ALIGN = 16;
const PAGE = 65536;
/** Room kept readable behind every allocation, so that a kernel's last vector load stays inside memory. */
const GUARD = 64;

/**
 * Owns one instance of the Wasm module and its memory: a stack of allocations, freed by scope. What runs on one heap runs in one thread;
 * a worker opens its own. Typed-array views never leave this file, because growing memory detaches them.
 */
export class Heap {
  #top: number;
  #scratch = { ptr: 0, bytes: 0 };
  /** Settles when the last exclusive scope asked for is over. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly wasm: Wasm,
    /** With relaxed dots where the host computes them exactly, else those of `wasm`. */
    readonly int8: Int8Kernels,
    readonly rounding: 'double' | 'single',
  ) {
    this.#top = align(wasm.heap_base());
  }

  /** A new instance; the module's bytes are read once a process. */
  static async open({ rounding = 'double', relaxed = true }: HeapOptions = {}): Promise<Heap> {
    const env: Record<string, unknown> = { singleRounding: rounding === 'single' ? 1 : 0 };
    const wasm = (await instantiate(await kernelModule(), { env })).exports as unknown as Wasm;
    const int8 = relaxed ? await relaxedKernels({ ...env, memory: wasm.memory }) : null;
    return new Heap(wasm, int8 ?? wasm, rounding);
  }

  /** Whether int8 products are relaxed dots. */
  get relaxed(): boolean {
    return this.int8 !== (this.wasm as Int8Kernels);
  }

  /** Bytes in use. */
  get used(): number {
    return this.#top;
  }

  /** Address of `bytes` fresh bytes, aligned to 16, not cleared. @throws RangeError for what is no number of bytes */
  alloc(bytes: number): number {
    if (!(Number.isSafeInteger(bytes) && bytes >= 0)) throw new RangeError(`${bytes} bytes cannot be allocated`);
    const ptr = this.#top;
    this.#top = align(ptr + bytes);
    const missing = this.#top + GUARD - this.wasm.memory.buffer.byteLength;
    if (missing > 0) this.wasm.memory.grow(Math.ceil(missing / PAGE));
    return ptr;
  }

  /** A tensor in memory, with `values` (elements; int4 values are packed here) or zeros. */
  tensor(dtype: DType, shape: readonly number[], values?: ArrayLike<number> | ArrayLike<bigint> | null): HeapTensor {
    const t = { dtype, shape, ptr: this.alloc(bytesOf(dtype, sizeOf(shape))) };
    if (values) this.write(t, values);
    else this.clear(t);
    return t;
  }

  /** Sets every element to 0. */
  clear(t: HeapTensor): void {
    new Uint8Array(this.wasm.memory.buffer, t.ptr, bytesOf(t.dtype, sizeOf(t.shape))).fill(0);
  }

  /** Writes `values` from element `offset` on. @throws RangeError where they reach beyond the tensor */
  write(t: HeapTensor, values: ArrayLike<number> | ArrayLike<bigint>, offset = 0): void {
    if (offset + values.length > sizeOf(t.shape)) {
      throw new RangeError(`${values.length} values at ${offset} do not fit a tensor of ${sizeOf(t.shape)}`);
    }
    if (t.dtype === 'i4') {
      const bytes = new Uint8Array(this.wasm.memory.buffer, t.ptr, (sizeOf(t.shape) + 1) >> 1);
      for (let i = 0; i < values.length; i++) {
        const at = offset + i;
        const v = Number(values[i]) & 15;
        bytes[at >> 1] = at & 1 ? (bytes[at >> 1] & 15) | (v << 4) : v | (at + 1 < sizeOf(t.shape) ? bytes[at >> 1] & 240 : 0);
      }
      return;
    }
    (this.#view(t) as unknown as { set(v: unknown, o: number): void }).set(values, offset);
  }

  /** A copy of `count` elements from `offset` on; int4 comes unpacked. */
  read(t: HeapTensor, offset = 0, count = sizeOf(t.shape) - offset): Values {
    if (t.dtype === 'i4') {
      const bytes = new Uint8Array(this.wasm.memory.buffer, t.ptr, (sizeOf(t.shape) + 1) >> 1);
      return unpackInt4(bytes, count, offset);
    }
    return this.#view(t).slice(offset, offset + count);
  }

  /** Address of float64 numbers, with `values` or, given a count, zeros. Tensors of networks have no such type: linear algebra does. */
  doubles(values: Float64Array | number): number {
    const count = typeof values === 'number' ? values : values.length;
    const ptr = this.alloc(8 * count);
    const view = new Float64Array(this.wasm.memory.buffer, ptr, count);
    if (typeof values === 'number') view.fill(0);
    else view.set(values);
    return ptr;
  }

  /** A copy of `count` float64 numbers. */
  readDoubles(ptr: number, count: number): Float64Array {
    return new Float64Array(this.wasm.memory.buffer, ptr, count).slice();
  }

  /**
   * Working memory that every step may use while it runs and none may rely on afterwards. All callers of a scope share it:
   * ask while compiling, use only inside the step.
   */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      const room = Math.max(bytes, 2 * this.#scratch.bytes, 1 << 16);
      this.#scratch = { ptr: this.alloc(room), bytes: room };
    }
    return this.#scratch.ptr;
  }

  /** Runs `work` and frees everything it allocated, also when it throws. @throws Error for work that pauses, which needs `exclusive` */
  scope<T>(work: () => T): T {
    const free = this.#mark();
    try {
      const result = work();
      if (result instanceof Promise) throw new Error('a scope ends when its work returns: use exclusive for work that pauses');
      return result;
    } finally {
      free();
    }
  }

  /**
   * A scope for work that pauses. Those of one heap run one after another in the order in which they were asked for, because memory is a
   * stack: what others allocate in a pause they must free in the same pause, by `scope`. One inside another would wait for itself.
   */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      const free = this.#mark();
      try {
        return await work();
      } finally {
        free();
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /** Frees what is allocated from here on. */
  #mark(): () => void {
    const top = this.#top;
    const scratch = this.#scratch;
    return () => {
      this.#top = top;
      this.#scratch = scratch;
    };
  }

  #view(t: HeapTensor): Values {
    const like = newValues(t.dtype, 0);
    const View = like.constructor as new (b: ArrayBuffer, o: number, n: number) => Values;
    return new View(this.wasm.memory.buffer as ArrayBuffer, t.ptr, sizeOf(t.shape));
  }
}

/** What the probe found: one answer holds for all of a process. */
let exact: boolean | undefined;

async function relaxedKernels(env: Record<string, unknown>): Promise<Int8Kernels | null> {
  const module = exact === false ? null : await relaxedModule();
  if (!module) return null;
  const kernels = (await instantiate(module, { env })).exports as unknown as Relaxed;
  exact ??= kernels.relaxed_dot_is_exact() === 1;
  return exact ? kernels : null;
}

const align = (n: number) => (n + ALIGN - 1) & -ALIGN;
