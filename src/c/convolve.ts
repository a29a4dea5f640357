import type { CallOf } from '../ops/kernel_call.ts';
import { convolveDsp } from './dsp/convolve.ts';
import type { LayerCode, Parts, Placed } from './parts.ts';
import { convolvePlain } from './plain/convolve.ts';

export function convolve(call: CallOf<'convolve', Placed>, parts: Parts, tag: string): LayerCode | null {
  return (call.form === 's8' && parts.variant === 'dsp' && convolveDsp(call, parts, tag)) || convolvePlain(call, parts, tag);
}
