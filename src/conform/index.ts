import { Heap } from '../wasm/heap.ts';
import { type Case, isRecord, Reader } from './case.ts';
import { difference, type Failure } from './compare.ts';
import { type Results, RUNNERS } from './runners.ts';

export type { Failure } from './compare.ts';

/** A golden file, parsed. `name` is told in failures. */
export interface GoldenFile {
  readonly name: string;
  readonly json: unknown;
}

export interface ConformResult {
  readonly passed: number;
  readonly failed: number;
  /** Cases of operators that this engine does not have. */
  readonly unsupported: number;
  readonly failures: readonly Failure[];
}

/** One engine for each way of rounding. */
interface Engines {
  readonly double: Heap;
  readonly single: Heap;
}

/**
 * Golden files through the integer engine, under both roundings. Nothing in a file makes it throw: what is malformed is a failure.
 *
 * Files are lists of cases, networks of chained layers, or golden outputs of model files.
 */
export async function conform(files: readonly GoldenFile[]): Promise<ConformResult> {
  const engines = { double: await Heap.open(), single: await Heap.open({ rounding: 'single' }) };
  const tally = new Tally();
  for (const { name, json } of files) {
    tally.file = name;
    if (Array.isArray(json)) json.forEach((c, i) => runCase(engines, c, i, tally));
    else if (isRecord(json) && Array.isArray(json.layers)) runNetwork(engines, json.layers, tally);
    else tally.fail(name, 'a golden file', 'something else');
  }
  return tally.result();
}

class Tally {
  file = '';
  #passed = 0;
  #unsupported = 0;
  readonly #failures: Failure[] = [];

  pass(): void {
    this.#passed++;
  }
  unsupported(): void {
    this.#unsupported++;
  }
  fail(name: string, expected: number | string, actual: number | string, index = -1): void {
    this.#failures.push({ file: this.file, name, index, expected, actual });
  }
  result(): ConformResult {
    const failures = this.#failures;
    return { passed: this.#passed, failed: failures.length, unsupported: this.#unsupported, failures };
  }
}

/** A case, or null and a failure told. */
function caseOf(json: unknown, index: number, tally: Tally): Case | null {
  if (isRecord(json) && typeof json.op === 'string') return { name: `case ${index}`, ...json } as unknown as Case;
  tally.fail(isRecord(json) && typeof json.name === 'string' ? json.name : `case ${index}`, 'a case with an op', 'none');
  return null;
}

const messageOf = (e: unknown): string => (e instanceof Error ? e.message.split('\n')[0] : String(e));

function runCase(engines: Engines, json: unknown, index: number, tally: Tally): void {
  const golden = caseOf(json, index, tally);
  if (!golden) return;
  const run = RUNNERS[golden.op];
  if (!run) return tally.unsupported();
  for (const rounding of ['double', 'single'] as const) {
    const heap = engines[rounding];
    try {
      const found = heap.scope(() => difference(golden, run(new Reader(heap, golden)), rounding));
      if (found)
        return tally.fail(`${golden.name} ${found.field} (${rounding} rounding)`, found.expected, found.actual, found.index);
    } catch (e) {
      return tally.fail(`${golden.name} (${rounding} rounding)`, 'a result', messageOf(e));
    }
  }
  tally.pass();
}

/** Layers that feed each other: each gets what the engine computed before it. */
function runNetwork(engines: Engines, layers: readonly unknown[], tally: Tally): void {
  const outputs = { double: [] as Results[], single: [] as Results[] };
  layers.forEach((json, index) => {
    const golden = caseOf(json, index, tally);
    if (!golden) return;
    const run = RUNNERS[golden.op];
    const source = isRecord(golden.input) ? golden.input.from_layer : undefined;
    const cut = source !== undefined && outputs.double[Number(source)] === undefined;
    if (!run || cut) return tally.unsupported();
    for (const rounding of ['double', 'single'] as const) {
      const heap = engines[rounding];
      try {
        const chained = { ...golden, input: inputOf(golden.input, outputs[rounding]) };
        const found = heap.scope(() => {
          const results = run(new Reader(heap, chained));
          outputs[rounding][index] = results;
          return difference(golden, results, rounding);
        });
        if (found)
          return tally.fail(`${golden.name} ${found.field} (${rounding} rounding)`, found.expected, found.actual, found.index);
      } catch (e) {
        return tally.fail(`${golden.name} (${rounding} rounding)`, 'a result', messageOf(e));
      }
    }
    tally.pass();
  });
}

/** The input of a layer: its own, or the output of an earlier one under a shape. */
function inputOf(input: unknown, outputs: readonly Results[]): unknown {
  if (!isRecord(input) || input.from_layer === undefined) return input;
  return { ...input, values: outputs[Number(input.from_layer)].output };
}
