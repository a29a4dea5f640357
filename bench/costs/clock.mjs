// Imported first by a process that is measured: at its end, its processor time and its time by the clock, in seconds, are written to the file named by
// THUMBNET_COST.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    writeFileSync(process.env.THUMBNET_COST, JSON.stringify({ cpu: (user + system) / 1e6, clock: performance.now() / 1000 }));
  });
}
