/** The package as npm packs it, installed in a folder of its own beside the page that uses it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { writeNpy } from '../../src/data/npy.ts';
import { gestures } from '../../src/demo/index.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const TOOLS = join(ROOT, 'test/package/node_modules');

/** What a program said; an error where it ends badly. */
export function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? `${stdout}${stderr}`.slice(-2000)}`);
  return stdout;
}

export interface Packed {
  readonly file: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  readonly unpackedSize: number;
}

/** @param folder where the tarball goes */
export function pack(folder: string): Packed {
  const [found] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT));
  return { ...found, file: join(folder, found.filename) };
}

/** A folder with a page, its files, and the packages. */
export function makeApp(): { readonly app: string; readonly packed: Packed; readonly done: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'thumbnet-package-'));
  const packed = pack(folder);
  const app = join(folder, 'app');
  cpSync(join(ROOT, 'test/package/app'), app, { recursive: true });
  mkdirSync(join(app, 'public'));
  cpSync(join(ROOT, 'assets/gestures.tflite'), join(app, 'public/gestures.tflite'));
  writeFileSync(join(app, 'public/examples.npz'), examples());
  writeFileSync(join(app, 'package.json'), '{"private": true, "type": "module"}\n');
  run('npm', ['install', '--ignore-scripts', '--no-fund', '--no-audit', '--prefer-offline', packed.file], app);
  return { app, packed, done: () => rmSync(folder, { recursive: true, force: true }) };
}

function examples(): Uint8Array {
  const { train, inputs } = gestures(1);
  const [{ shape }] = inputs;
  const size = shape.reduce((a, b) => a * b);
  const count = 240;
  const x = (train!.inputs[0] as Float32Array).slice(0, count * size);
  const y = Int32Array.from(train!.y!.slice(0, count));
  const files = { 'x.npy': writeNpy(x, [count, ...shape]), 'y.npy': writeNpy(y, [count]) };
  return zipSync(files, { mtime: new Date(1980, 0, 1) });
}

/** Kilobytes on disk and number of packages, as `npm install` left them. */
export function installed(app: string): { readonly kilobytes: number; readonly packages: readonly string[] } {
  const modules = join(app, 'node_modules');
  const packages = run('npm', ['ls', '--all', '--parseable'], app).trim().split('\n').slice(1);
  const kilobytes = Number(run('du', ['-sk', '--apparent-size', modules], app).split('\t')[0]);
  return { kilobytes, packages: packages.map((p) => p.slice(modules.length + 1)) };
}

/** The page's folder again, for a bundler that writes into it. */
export function copyOf(app: string, name: string): string {
  const copy = join(app, '..', name);
  mkdirSync(copy);
  for (const entry of readdirSync(app)) {
    if (entry === 'node_modules') symlinkSync(join(app, entry), join(copy, entry));
    else cpSync(join(app, entry), join(copy, entry), { recursive: true });
  }
  return copy;
}
