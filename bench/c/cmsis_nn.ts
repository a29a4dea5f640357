/** CMSIS-NN as an archive for a core, from a checkout of 99f736a. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { flagsOf } from '../../src/emulator/program.ts';
import type { CoreName } from '../../src/targets/index.ts';

/** The checkout that the environment names. */
export function checkoutOf(): string {
  const checkout = process.env.CMSIS_NN;
  if (!checkout) throw new Error('set CMSIS_NN to a checkout of CMSIS-NN 99f736a');
  return checkout;
}

/** Flags that find the headers, and link the whole archive, which is built in `folder`. */
export function linkedWith(checkout: string, core: CoreName, folder: string, flags: readonly string[] = ['-O2']): string[] {
  mkdirSync(folder, { recursive: true });
  const args = [...flagsOf(core), ...flags, '-I', join(checkout, 'Include'), '-c', ...sourcesOf(join(checkout, 'Source'))];
  execFileSync('arm-none-eabi-gcc', args, { cwd: folder, stdio: 'pipe' });
  const objects = readdirSync(folder).filter((name) => name.endsWith('.o'));
  execFileSync('arm-none-eabi-ar', ['rcs', 'library.a', ...objects], { cwd: folder, stdio: 'pipe' });
  return ['-I', join(checkout, 'Include'), `-Wl,--whole-archive,${join(folder, 'library.a')},--no-whole-archive`];
}

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    if (e.isDirectory()) return e.name === 'Bindings' ? [] : sourcesOf(path);
    return /\.c$/.test(e.name) && !/_f(16|32)\.c$/.test(e.name) ? [path] : [];
  });
}
