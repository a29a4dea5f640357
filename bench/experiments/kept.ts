import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportTflite } from '../../src/formats/tflite/export.ts';
import { asStored, loadModel } from '../../src/model.ts';
import type { Model } from '../../src/stage.ts';

/** Of what a model is made by, in a name of its file. */
export const keyOf = (how: unknown): string => createHash('sha256').update(JSON.stringify(how)).digest('hex').slice(0, 8);

/** The model as it is stored; it is made once, so that a run that was stopped goes on. Empty the folder when code has changed. */
export async function kept(folder: string, name: string, make: () => Promise<Model>): Promise<Model> {
  const file = join(folder, `${name}.tflite`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.new`, exportTflite(asStored(await make())));
    renameSync(`${file}.new`, file);
  }
  return loadModel(new Uint8Array(readFileSync(file)));
}
