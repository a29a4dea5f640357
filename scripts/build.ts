/**
 * Builds what is not current: Wasm kernels from assembly/, then JavaScript from src/. A stamp of each source's content is written when its part is
 * complete, so that a build which was interrupted is done again.
 *   node --import tsx scripts/build.ts
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const DIST = join(ROOT, 'dist');
const isOfWasm = (name: string) => /^thumbnet(_relaxed)?\./.test(name);

const PARTS = [
  {
    name: 'wasm',
    what: 'Wasm kernels',
    sources: ['assembly', 'asconfig.json'],
    isOwn: isOfWasm,
    commands: [
      ['asc', 'assembly/index.ts', '--target', 'release'],
      ['asc', 'assembly/relaxed.ts', '--target', 'relaxed'],
    ],
    made: ['thumbnet.wasm', 'thumbnet_relaxed.wasm'],
  },
  {
    name: 'js',
    what: 'JavaScript',
    sources: [
      'src',
      'tsconfig.json',
      'tsconfig.build.json',
      'package.json',
      'package-lock.json',
      'scripts/browser_bundle.ts',
      'scripts/declarations.ts',
    ],
    isOwn: (name: string) => !name.startsWith('.') && !isOfWasm(name),
    commands: [['tsc', '-p', 'tsconfig.build.json']],
    made: ['cli.js', 'browser/index.js'],
  },
];

/** What asc says where its optimizer stopped after as many rounds as it may: nothing that can be acted on. */
const NOISE = /^Last converge was suboptimal\.\r?\n/gm;

function filesOf(path: string): string[] {
  if (!existsSync(join(ROOT, path))) return [];
  const entries = readdirSync(join(ROOT, path), { withFileTypes: true });
  return entries.flatMap((e) => (e.isDirectory() ? filesOf(`${path}/${e.name}`) : [`${path}/${e.name}`]));
}

const hash = createHash('sha256');
let before = '';
for (const { name, what, sources, isOwn, commands, made } of PARTS) {
  for (const path of sources.flatMap((s) => (/\.[a-z]+$/.test(s) ? [s] : filesOf(s))).sort()) {
    if (!existsSync(join(ROOT, path))) continue;
    const content = readFileSync(join(ROOT, path));
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  // JavaScript includes the kernels: its stamp depends on theirs.
  before = hash.copy().digest('hex');
  const stamp = join(DIST, `.${name}.stamp`);
  const isCurrent =
    existsSync(stamp) && readFileSync(stamp, 'utf8') === before && made.every((file) => existsSync(join(DIST, file)));
  if (isCurrent) continue;
  process.stderr.write(`building ${what}\n`);
  rmSync(stamp, { force: true });
  mkdirSync(DIST, { recursive: true });
  for (const file of readdirSync(DIST)) if (isOwn(file)) rmSync(join(DIST, file), { recursive: true });
  for (const [program, ...args] of commands) run(program, args);
  if (name === 'js') {
    await (await import('./browser_bundle.ts')).bundleForBrowsers();
    (await import('./declarations.ts')).keepReachableDeclarations(ROOT, isOfWasm);
  }
  writeFileSync(stamp, before);
}

function run(program: string, args: readonly string[]): void {
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` };
  const options = { cwd: ROOT, env, shell: process.platform === 'win32' };
  const { status, error, stderr } = spawnSync(program, args, { ...options, stdio: ['inherit', 'inherit', 'pipe'] });
  process.stderr.write(String(stderr ?? '').replace(NOISE, ''));
  if (status === 0) return;
  process.stderr.write(`${program} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}\n`);
  process.exit(1);
}
