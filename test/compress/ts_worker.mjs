/** The worker of `nodePool` from its TypeScript: threads do not take over the loader of the thread that starts them. */
import { register } from 'tsx/esm/api';

register();
await import('../../src/compress/node_worker.ts');
