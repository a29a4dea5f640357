import sync from 'node:fs';
import { tmpdir } from 'node:os';
import type { Host } from './host.ts';

export const host: Host = {
  node: {
    fs: () => import('node:fs/promises'),
    path: () => import('node:path'),
    url: () => import('node:url'),
    sync,
    system: { tmpdir },
    webp: () => import('@cwasm/webp'),
    threads: () => import('node:worker_threads'),
    workerFile: new URL('../compress/node_worker.js', import.meta.url),
  },
  inside: null,
};
