#!/usr/bin/env node
import { BAD_INPUT } from './cli/exit_codes.ts';
import { reason } from './cli/files.ts';
import { main } from './cli/main.ts';

// A pipe that closes early (`| head`) is no error.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code === 'EPIPE') process.exit(0);
  process.stderr.write(`error: cannot write to stdout: ${reason(e)}\n`);
  process.exit(BAD_INPUT);
});

process.exitCode = await main(process.argv.slice(2));
