import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CompressError } from '../errors.ts';

/** Programs that building and running for a core needs, and the Debian package of each. */
const PROGRAMS = [
  ['arm-none-eabi-gcc', 'gcc-arm-none-eabi libnewlib-arm-none-eabi'],
  ['qemu-system-arm', 'qemu-system-arm'],
  ['gcc', 'gcc'],
] as const;

/** Source of the plugin that counts instructions. */
export const COUNTING_PLUGIN = fileURLToPath(new URL('../../assets/emulator/count.c', import.meta.url));

const isThere = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** Names of programs that are missing here. */
export const missingPrograms = (): string[] => PROGRAMS.filter(([program]) => !isThere(program)).map(([program]) => program);

/** @throws CompressError `not-ready` with the line that installs what is missing */
export function checkToolchain(plugin = COUNTING_PLUGIN): void {
  if (!existsSync(plugin)) {
    throw new CompressError(
      'not-ready',
      `Thumbnet's own file ${plugin} is missing, so that instructions cannot be counted`,
      'install Thumbnet again: npm install thumbnet',
    );
  }
  const missing = PROGRAMS.filter(([program]) => !isThere(program));
  if (!missing.length) return;
  const packages = missing.map(([, names]) => names).join(' ');
  throw new CompressError(
    'not-ready',
    `${missing.map(([program]) => program).join(', ')} cannot be run here`,
    `on Debian or Ubuntu: sudo apt-get install --no-install-recommends ${packages}`,
  );
}
