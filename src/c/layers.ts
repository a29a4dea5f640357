import { CompressError } from '../errors.ts';
import type { CallOf, Family } from '../ops/kernel_call.ts';
import { convolve } from './convolve.ts';
import { dense } from './dense.ts';
import { depthwise } from './depthwise.ts';
import { addOrSubtract } from './elementwise.ts';
import type { Call, LayerCode, Parts, Placed } from './parts.ts';
import { poolPlain } from './plain/pool.ts';
import { softmaxPlain } from './plain/softmax.ts';

/** A family's code for a call, or null where it has none of this form. `tag` begins the names of the layer's tables. */
type Emitters = { readonly [F in Family]?: (call: CallOf<F, Placed>, parts: Parts, tag: string) => LayerCode | null };

const EMITTERS: Emitters = {
  convolve,
  depthwise_conv: depthwise,
  fully_connected: dense,
  elementwise_add: addOrSubtract,
  elementwise_sub: addOrSubtract,
  avg_pool: poolPlain,
  max_pool: poolPlain,
  softmax: softmaxPlain,
};

export function emitLayer(call: Call, parts: Parts, tag: string): LayerCode {
  const emit = EMITTERS[call.family] as ((call: Call, parts: Parts, tag: string) => LayerCode | null) | undefined;
  const code = emit?.(call, parts, tag);
  if (code) return code;
  throw new CompressError('unsupported', `there is no C of the kernel ${call.kernel} yet`, 'replace the operator');
}
