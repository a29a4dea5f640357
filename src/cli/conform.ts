import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { conform, type GoldenFile } from '../conform/index.ts';
import { CompressError } from '../errors.ts';
import { MISSED } from './exit_codes.ts';
import { readBytes } from './files.ts';
import { createOutput } from './output.ts';

const SHOWN = 20;

export function addConform(program: Command): void {
  program
    .command('conform')
    .description('golden files through the integer engine')
    .argument('<file...>', 'JSON files of golden cases, networks or model outputs')
    .option('--models <dir>', 'folder of the model files that golden outputs name (../../data/models from the golden file)')
    .option('--json', 'one JSON object on stdout')
    .action(async (paths: string[], flags: { models?: string; json?: boolean }) => {
      const out = createOutput(flags.json ?? false);
      const files: GoldenFile[] = [];
      for (const path of paths) files.push({ name: path, json: parse(path, await readBytes(path, 'the golden file')) });
      const found = await conform(files, {
        model: async (file, from) => {
          const folder = flags.models ?? resolve(dirname(from.name), '../../data/models');
          return readFile(join(folder, basename(file))).then(
            (b) => new Uint8Array(b),
            () => null,
          );
        },
      });
      out.result(found, () => {
        for (const f of found.failures.slice(0, SHOWN))
          out.say(`failed: ${f.file}: ${f.name}: at ${f.index} expected ${f.expected}, got ${f.actual}`);
        if (found.failures.length > SHOWN) out.say(`... and ${found.failures.length - SHOWN} more`);
        out.say(`${found.passed} passed, ${found.failed} failed, ${found.unsupported} unsupported`);
      });
      if (found.failed > 0 || found.unsupported > 0) process.exitCode = MISSED;
    });
}

function parse(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new CompressError(
      'bad-file',
      `"${path}" is not JSON, as golden files are`,
      'give a golden file: test/vectors/README.md of the repository says what is in one',
    );
  }
}
