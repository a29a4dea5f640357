import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importTflite } from '../../src/formats/tflite/index.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { geometryOf } from '../../src/ops/cost.ts';
import { type Case, ONE } from './geometry.ts';

/** Networks whose layers are counted and never fitted. */
const NETWORKS = ['kws_ref_model', 'vww_96_int8', 'ad01_int8', 'str_ww_ref_model', 'pretrainedResnet_large_int8'];

const KERNELS: Record<string, string> = {
  conv2d: 'convolve_s8',
  depthwiseConv2d: 'depthwise_conv_s8',
  avgPool2d: 'avg_pool_s8',
  maxPool2d: 'max_pool_s8',
};

/** The counted case of a node, or null where no kernel of the harness runs it. */
function nodeCase(graph: Graph, { op, inputs, outputs, attrs }: Node): Case | null {
  const [x, w] = inputs.map((t) => graph.tensors[t]?.shape);
  if (op === 'fullyConnected') return { ...ONE, kernel: 'fully_connected_s8', c: w[1], oc: w[0] };
  const kernel = KERNELS[op];
  if (!kernel) return null;
  const filter = /pool/.test(kernel) ? [...(attrs.filter as number[]), x[3]] : w.slice(1);
  const g = geometryOf({ x: [x], y: [graph.tensors[outputs[0]].shape] }, attrs as never, filter);
  return {
    ...ONE,
    kernel,
    ...{ h: g.input.h, w: g.input.w, c: g.input.c, oh: g.output.h, ow: g.output.w, oc: g.output.c },
    ...{ fh: g.filter.h, fw: g.filter.w, sh: g.stride.h, sw: g.stride.w, ph: g.padding.h, pw: g.padding.w },
  };
}

export function networkCases(models: string): Case[] {
  return NETWORKS.flatMap((name) => {
    const path = join(models, `${name}.tflite`);
    if (!existsSync(path)) return [];
    const graph = importTflite(new Uint8Array(readFileSync(path)));
    return graph.nodes.flatMap((node) => nodeCase(graph, node) ?? []).filter((c) => c.h * c.w * c.c <= 102400);
  });
}
