import type { CallOf } from '../ops/kernel_call.ts';
import { convolveDsp } from './dsp/convolve.ts';
import { convolveWinograd } from './dsp/winograd.ts';
import { convolveMve } from './mve/convolve.ts';
import type { LayerCode, Parts, Placed } from './parts.ts';
import { convolvePlain } from './plain/convolve.ts';
import { convolveThumb } from './thumb1/convolve.ts';

export function convolve(call: CallOf<'convolve', Placed>, parts: Parts, tag: string): LayerCode {
  const fast = { thumb1: convolveThumb, plain: convolveThumb, dsp: convolveDsp, mve: convolveMve }[parts.variant];
  const winograd = parts.variant === 'dsp' && parts.trade === 'speed' && call.form === 's8' && convolveWinograd(call, parts, tag);
  if (winograd) return winograd;
  return (call.form !== 's16' && fast?.(call, parts, tag)) || convolvePlain(call, parts, tag);
}
