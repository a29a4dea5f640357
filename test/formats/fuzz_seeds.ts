import { readdirSync, readFileSync } from 'node:fs';
import { demoModel } from '../../src/demo/model.ts';

const FIXTURES = new URL('../fixtures/', import.meta.url);
/** Damage in the weights of a large file is seldom seen. */
const LARGEST = 40_000;

/** Whole files of a format, from which mutants are made. */
export async function seedsOf(format: string): Promise<Uint8Array[]> {
  if (format === 'tflite') return [Uint8Array.from(await demoModel())];
  const folder = new URL(`${format}/`, FIXTURES);
  return readdirSync(folder)
    .filter((name) => !name.endsWith('.json'))
    .map((name) => Uint8Array.from(readFileSync(new URL(name, folder))))
    .filter((bytes) => bytes.length < LARGEST);
}
