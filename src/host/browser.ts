/** Takes the place of node.ts in bundles for browsers, by the field "browser" of package.json. */
import type { Host } from './host.ts';

export const host: Host = {
  node: null,
  inside: {
    wasm: async () => (await import('../../dist/thumbnet.wasm')).default,
    relaxedWasm: async () => (await import('../../dist/thumbnet_relaxed.wasm')).default,
    worker: async () => (await import('../../dist/.whole/worker.js?text')).default,
  },
};
