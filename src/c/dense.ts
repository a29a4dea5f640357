import type { CallOf } from '../ops/kernel_call.ts';
import { denseDsp } from './dsp/dense.ts';
import type { LayerCode, Parts, Placed } from './parts.ts';
import { densePlain } from './plain/dense.ts';

export function dense(call: CallOf<'fully_connected', Placed>, parts: Parts, tag: string): LayerCode | null {
  return (call.form === 's8' && parts.variant === 'dsp' && denseDsp(call, parts, tag)) || densePlain(call, parts, tag);
}
