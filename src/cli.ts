#!/usr/bin/env node
import { main } from './cli/main.ts';

// A reader that stops early (`| head`) is no error.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code === 'EPIPE') process.exit(0);
  throw e;
});

process.exitCode = await main(process.argv.slice(2));
