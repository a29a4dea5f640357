#!/usr/bin/env node
import { BAD_INPUT } from './cli/exit_codes.ts';

const OLDEST = 20;

// What older ones lack would end them with errors that say nothing; so nothing else is loaded before this.
if (Number.parseInt(process.versions.node, 10) < OLDEST) {
  process.stderr.write(`error: thumbnet needs Node ${OLDEST} or newer, and this is ${process.version}\n  fix: update Node\n`);
  process.exit(BAD_INPUT);
}

const { reason } = await import('./cli/reason.ts');
const { main } = await import('./cli/main.ts');

// A pipe that closes early (`| head`) is no error.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code === 'EPIPE') process.exit(0);
  process.stderr.write(`error: cannot write to stdout: ${reason(e)}\n`);
  process.exit(BAD_INPUT);
});

process.exitCode = await main(process.argv.slice(2));
