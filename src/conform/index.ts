import { CompressError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { Heap } from '../wasm/heap.ts';
import { checkBufferSize, isBufferSize } from './buffer_sizes.ts';
import { type Case, isRecord, Reader, type Results } from './case.ts';
import { type Difference, difference, type Failure } from './compare.ts';
import { type GoldenModel, isGoldenModel, modelFile, openModel, runModelCase } from './models.ts';
import { runnerOf } from './runners.ts';
import { checkTable, isTables } from './tables.ts';

export type { Failure } from './compare.ts';

/** A golden file, parsed. `name` is used in failures. */
export interface GoldenFile {
  readonly name: string;
  readonly json: unknown;
}

export interface ConformOptions {
  /** Bytes of a model file by its name and the golden file that names it, or null where there is none. */
  model?(file: string, from: GoldenFile): Promise<Uint8Array | null>;
  /** Where the cases run; by default on heaps of its own. */
  engines?: Engines;
}

export interface ConformResult {
  readonly passed: number;
  readonly failed: number;
  /** Cases of operators that this engine does not have. */
  readonly unsupported: number;
  readonly failures: readonly Failure[];
}

type Rounding = Heap['rounding'];

/** One engine for each way of rounding. */
export type Engines = Readonly<Record<Rounding, Heap>>;

/**
 * Golden files through the integer engine, under both roundings: every integer must be equal. Files are lists of cases, networks of chained
 * layers, golden outputs of model files, sizes of scratch buffers, or tables (test/vectors/README.md). Nothing in a file makes it throw:
 * what is malformed is a failure.
 *
 * Source of what is expected: CMSIS-NN 99f736a, and TensorFlow Lite Micro where CMSIS-NN has no kernel.
 */
export async function conform(files: readonly GoldenFile[], options: ConformOptions = {}): Promise<ConformResult> {
  const engines = options.engines ?? { double: await Heap.open(), single: await Heap.open({ rounding: 'single' }) };
  const tally = new Tally();
  for (const file of files) {
    const { name, json } = file;
    tally.file = name;
    if (Array.isArray(json)) for (const [i, c] of json.entries()) runRow(engines, c, i, tally);
    else if (isTables(json)) for (const name of Object.keys(json)) runPlain(name, () => checkTable(name, json[name]), tally);
    else if (isGoldenModel(json)) await runModel(engines, json, () => options.model?.(modelFile(json), file) ?? null, tally);
    else if (isRecord(json) && Array.isArray(json.layers)) runNetwork(engines, json.layers, tally);
    else tally.malformed(name, 'a golden file', 'something else');
  }
  return tally.result();
}

class Tally {
  file = '';
  #passed = 0;
  #unsupported = 0;
  readonly #failures: Failure[] = [];

  /** A case that was run: what was wrong with it, or null. */
  add(failure: Omit<Failure, 'file'> | null): void {
    if (failure) this.#failures.push({ file: this.file, ...failure });
    else this.#passed++;
  }
  unsupported(): void {
    this.#unsupported++;
  }
  malformed(name: string, expected: string, actual: string): void {
    this.add({ name, index: -1, expected, actual });
  }
  result(): ConformResult {
    const failures = this.#failures;
    return { passed: this.#passed, failed: failures.length, unsupported: this.#unsupported, failures };
  }
}

/** A case, or null and a recorded failure. */
function caseOf(json: unknown, index: number, tally: Tally): Case | null {
  if (isRecord(json) && typeof json.op === 'string') return { name: `case ${index}`, ...json } as unknown as Case;
  tally.malformed(isRecord(json) && typeof json.name === 'string' ? json.name : `case ${index}`, 'a case with an op', 'none');
  return null;
}

const messageOf = (e: unknown): string => (e instanceof Error ? e.message.split('\n')[0] : String(e));

const ROUNDINGS = ['double', 'single'] as const;

/** The first thing that is wrong with a case under either rounding, or null. `run` is given the engine of the rounding. */
function check(golden: Case, run: (rounding: Rounding) => Difference | null): Omit<Failure, 'file'> | null {
  for (const rounding of ROUNDINGS) {
    try {
      const found = run(rounding);
      if (found) return failureOf(golden.name, rounding, found);
    } catch (e) {
      return failureOf(golden.name, rounding, e);
    }
  }
  return null;
}

/** The report of a difference, or of an error that was thrown. */
function failureOf(name: string, rounding: Rounding | null, what: Difference | unknown): Omit<Failure, 'file'> {
  const under = rounding ? ` (${rounding} rounding)` : '';
  if (isRecord(what) && typeof what.field === 'string') {
    const { field, ...where } = what as unknown as Difference;
    return { name: `${name} ${field}${under}`, ...where };
  }
  return { name: name + under, index: -1, expected: 'a result', actual: messageOf(what) };
}

function runRow(engines: Engines, row: unknown, index: number, tally: Tally): void {
  if (!isBufferSize(row)) runCase(engines, row, index, tally);
  else runPlain(`${row.function} ${row.target} [${index}]`, () => checkBufferSize(new Reader(engines.double, row)), tally);
}

/** A check that no rounding changes; undefined: there is nothing of ours to hold against it. */
function runPlain(name: string, run: () => Difference | null | undefined, tally: Tally): void {
  try {
    const found = run();
    if (found === undefined) tally.unsupported();
    else tally.add(found && failureOf(name, null, found));
  } catch (e) {
    tally.add(failureOf(name, null, e));
  }
}

function runCase(engines: Engines, json: unknown, index: number, tally: Tally): void {
  const golden = caseOf(json, index, tally);
  if (!golden) return;
  const run = runnerOf(golden.op);
  if (!run) {
    tally.unsupported();
    return;
  }
  const failure = check(golden, (rounding) => {
    const heap = engines[rounding];
    return heap.scope(() => difference(golden, run(new Reader(heap, golden)), rounding));
  });
  tally.add(failure);
}

/** Layers that feed each other: each gets what the engine, rounding doubly, computed before it, under either rounding of its own. */
function runNetwork(engines: Engines, layers: readonly unknown[], tally: Tally): void {
  const outputs: Results[] = [];
  layers.forEach((json, index) => {
    const golden = caseOf(json, index, tally);
    if (!golden) return;
    const run = runnerOf(golden.op);
    const cut = sourcesOf(golden).some((layer) => outputs[layer] === undefined);
    if (!run || cut) {
      tally.unsupported();
      return;
    }
    const failure = check(golden, (rounding) => {
      const heap = engines[rounding];
      const chained = chain(golden, outputs) as Case;
      return heap.scope(() => {
        const results = run(new Reader(heap, chained));
        if (rounding === 'double') outputs[index] = results;
        return difference(golden, results, rounding);
      });
    });
    tally.add(failure);
  });
}

const isLink = (v: unknown): v is Readonly<Record<string, unknown>> => isRecord(v) && v.from_layer !== undefined;

/** Layers whose outputs a layer reads. */
function sourcesOf(value: unknown): number[] {
  if (isLink(value)) return [Number(value.from_layer)];
  if (Array.isArray(value)) return value.flatMap(sourcesOf);
  return isRecord(value) ? Object.values(value).flatMap(sourcesOf) : [];
}

/** A layer with every `{from_layer, shape, dtype}` in it made the output of that layer under that shape. */
function chain(value: unknown, outputs: readonly Results[]): unknown {
  if (isLink(value)) return { ...value, values: outputs[Number(value.from_layer)].output };
  if (Array.isArray(value)) return value.map((v) => chain(v, outputs));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, chain(v, outputs)]));
}

/** Every case of a model file under both roundings (float models: once). */
async function runModel(
  engines: Engines,
  golden: GoldenModel,
  bytes: () => Promise<Uint8Array | null> | null,
  tally: Tally,
): Promise<void> {
  const name = typeof golden.name === 'string' ? golden.name : 'model';
  let graph: Graph;
  try {
    graph = await openModel(golden, await bytes());
  } catch (e) {
    tally.add(failureOf(name, 'double', e));
    return;
  }
  const roundings = golden.arithmetic === 'float' ? ROUNDINGS.slice(0, 1) : ROUNDINGS;
  for (const i of golden.cases.keys()) {
    let failure: Omit<Failure, 'file'> | null = null;
    try {
      for (const rounding of roundings) {
        const found = await runModelCase(engines[rounding], graph, golden, i);
        if (found) failure ??= failureOf(`${name} case ${i}`, rounding, found);
      }
      tally.add(failure);
    } catch (e) {
      if (e instanceof CompressError && e.code === 'unsupported') tally.unsupported();
      else tally.add(failureOf(`${name} case ${i}`, 'double', e));
    }
  }
}
