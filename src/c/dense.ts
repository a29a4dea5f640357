import type { CallOf } from '../ops/kernel_call.ts';
import { denseDsp } from './dsp/dense.ts';
import { denseMve } from './mve/dense.ts';
import type { LayerCode, Parts, Placed } from './parts.ts';
import { densePlain } from './plain/dense.ts';
import { denseThumb } from './thumb1/dense.ts';

export function dense(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode {
  const fast = { thumb1: denseThumb, plain: denseThumb, dsp: denseDsp, mve: denseMve }[parts.variant];
  return (call.form !== 's16' && fast?.(call, parts, tag)) || densePlain(call, parts, tag);
}
