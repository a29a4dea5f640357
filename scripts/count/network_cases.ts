import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importTflite } from '../../src/formats/tflite/index.ts';
import { onChip } from '../../src/mcu/graph_cost.ts';
import type { WindowGeometry } from '../../src/ops/buffer_sizes.ts';
import { convolutionGeometry, poolGeometry } from '../../src/ops/cost.ts';
import type { KernelCall } from '../../src/ops/index.ts';
import { type Case, ONE } from './geometry.ts';

/** Networks whose layers are counted and never fitted. */
const NETWORKS = ['kws_ref_model', 'vww_96_int8', 'ad01_int8', 'str_ww_ref_model', 'pretrainedResnet_large_int8'];

/** The counted case of a call, or null where no kernel of the harness runs it. */
function caseOf(call: KernelCall): Case | null {
  switch (call.family) {
    case 'fully_connected': {
      const [oc, c] = call.operands.w.shape;
      return { ...ONE, kernel: call.kernel, c, oc };
    }
    case 'convolve':
    case 'depthwise_conv':
      return windowCase(call.kernel, convolutionGeometry(call));
    case 'avg_pool':
    case 'max_pool':
      return windowCase(call.kernel, poolGeometry(call));
    default:
      return null;
  }
}

const windowCase = (kernel: string, g: WindowGeometry): Case => ({
  ...ONE,
  kernel,
  ...{ h: g.input.h, w: g.input.w, c: g.input.c, oh: g.output.h, ow: g.output.w, oc: g.output.c },
  ...{ fh: g.filter.h, fw: g.filter.w, sh: g.stride.h, sw: g.stride.w, ph: g.padding.h, pw: g.padding.w },
});

export function networkCases(models: string): Case[] {
  return NETWORKS.flatMap((name) => {
    const path = join(models, `${name}.tflite`);
    if (!existsSync(path)) return [];
    const graph = importTflite(new Uint8Array(readFileSync(path)));
    const calls = onChip(graph).calls.filter((call) => call !== null);
    return calls.flatMap((call) => caseOf(call) ?? []).filter((c) => c.h * c.w * c.c <= 102400);
  });
}
