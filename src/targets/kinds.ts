import type { CoreKind } from '../ops/buffer_sizes.ts';
import type { CoreName } from './index.ts';

/** Which build of CMSIS-NN runs on a core. */
export const KINDS: Readonly<Record<CoreName, CoreKind>> = {
  'cortex-m0': 'c',
  'cortex-m0+': 'c',
  'cortex-m3': 'c',
  'cortex-m4': 'dsp',
  'cortex-m7': 'dsp',
  'cortex-m33': 'dsp',
  'cortex-m55': 'mve',
  'cortex-m85': 'mve',
};
