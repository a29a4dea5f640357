import { poolMve } from './mve/pool.ts';
import type { LayerCode, Parts } from './parts.ts';
import { type PoolCall, poolPlain } from './plain/pool.ts';
import { averageOfWords } from './pool_words.ts';

/** Average or maximum of windows: by vectors, by words, or channel by channel. */
export function pool(call: PoolCall, parts: Parts): LayerCode {
  const fast = parts.variant === 'mve' ? poolMve(call, parts) : null;
  return fast ?? (call.family === 'avg_pool' ? averageOfWords(call, parts) : null) ?? poolPlain(call, parts);
}
