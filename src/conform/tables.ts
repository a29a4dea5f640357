import { expTable, oneOverOnePlusTable, sigmoidTable } from '../wasm/luts.ts';
import { isRecord, MalformedCase } from './case.ts';
import { type Difference, firstDifference } from './compare.ts';

/** The tables that kernels interpolate in, by their names in `luts.json`. */
const TABLES: Readonly<Record<string, () => Int16Array | Uint16Array>> = {
  softmax_s16_exp_lut: expTable,
  softmax_s16_one_by_one_lut: oneOverOnePlusTable,
  sigmoid_table_uint16: sigmoidTable,
};

export const isTables = (json: unknown): json is Readonly<Record<string, unknown>> =>
  isRecord(json) && Object.keys(json).some((name) => name in TABLES);

/** The first difference of a table, null where it agrees, or undefined where it is not known. */
export function checkTable(name: string, golden: unknown): Difference | null | undefined {
  const make = TABLES[name];
  if (!make) return undefined;
  if (!isRecord(golden) || typeof golden.data !== 'string') throw new MalformedCase(`${name} is not a table`);
  const bytes = Uint8Array.from(atob(golden.data), (c) => c.charCodeAt(0));
  const words = new Uint16Array(bytes.buffer, 0, bytes.length >> 1);
  const ours = make();
  const found = firstDifference(Int32Array.from(words), Int32Array.from(new Uint16Array(ours.buffer)));
  return found && { field: name, ...found };
}
