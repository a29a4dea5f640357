import type { CallOf } from '../ops/kernel_call.ts';
import { depthwiseDsp } from './dsp/depthwise.ts';
import { depthwiseMve } from './mve/depthwise.ts';
import type { LayerCode, Parts, Placed } from './parts.ts';
import { depthwisePlain } from './plain/depthwise.ts';
import { depthwiseThumb } from './thumb1/depthwise.ts';

export function depthwise(call: CallOf<'depthwise_conv', Placed>, parts: Parts, tag: string): LayerCode {
  const fast = { thumb1: depthwiseThumb, plain: depthwiseThumb, dsp: depthwiseDsp, mve: depthwiseMve }[parts.variant];
  return (call.form === 's8' && fast?.(call, parts, tag)) || depthwisePlain(call, parts, tag);
}
