import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { type Part, writeNpy } from '../../src/data/index.ts';
import { gestures } from '../../src/demo/gestures.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** For what a test writes. */
export const folder = mkdtempSync(join(tmpdir(), 'thumbnet-cli-'));
export const model = join(root, 'assets/gestures.tflite');
export const inFolder = (name: string): string => join(folder, name);

function npz(name: string, { inputs: [x], y, count }: Part): string {
  const parts = { 'x.npy': writeNpy(x, [count, 128, 3]), 'y.npy': writeNpy(y!, [count]) };
  writeFileSync(inFolder(name), zipSync(parts, { level: 0 }));
  return inFolder(name);
}

const { train, test } = gestures();
export const trainFile = npz('train.npz', train!);
export const testFile = npz('test.npz', test!);

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line in a process of its own. */
export const start = (...args: readonly string[]) => spawned(['--import', 'tsx', join(root, 'src/cli.ts'), ...args]);

/** As it was built last: `compress` starts threads, which take compiled modules only. */
export const startBuilt = (...args: readonly string[]) => spawned([join(root, 'dist/cli.js'), ...args]);

export const built = (...args: readonly string[]): Promise<Ended> => startBuilt(...args).ended;

function spawned(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, args, { cwd: root });
  const texts = { out: '', err: '' };
  child.stdout!.on('data', (text) => {
    texts.out += text;
  });
  child.stderr!.on('data', (text) => {
    texts.err += text;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, ...texts })) };
}

export const thumbnet = (...args: readonly string[]): Promise<Ended> => start(...args).ended;
