import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../src/graph/graph.ts';
import { rowOf } from '../src/ops/index.ts';
import { sidesOf, type Window } from '../src/ops/window.ts';
import { startPython } from './python.ts';

/** What is trained, as torch_train.py reads it. */
export interface Training {
  readonly inputs: Float32Array;
  readonly labels: readonly number[];
  readonly batch: number;
  readonly rate: number;
  readonly layout: '' | 'channels_last';
}

export interface PyTorch {
  /** The library of its matrix products. */
  readonly blas: string;
  /** The loss before the last of `count` steps. */
  steps(count: number): Promise<number>;
  /** Milliseconds of its processor time until its last answer. */
  clock(): number;
  stop(): void;
}

/** @throws Error where it is not installed, or has only the reference BLAS */
export async function startPyTorch(graph: Graph, training: Training): Promise<PyTorch> {
  const folder = mkdtempSync(join(tmpdir(), 'thumbnet-bench-'));
  try {
    const { network, weights } = describe(graph, training);
    writeFileSync(join(folder, 'network.json'), JSON.stringify(network));
    writeFileSync(join(folder, 'weights.bin'), weights);
    writeFileSync(join(folder, 'inputs.bin'), training.inputs);
    const { first, ask, stop } = await startPython<string, { loss: number; seconds: number }>(
      'torch_train.py',
      [folder, training.layout],
      'python3-torch libopenblas0',
    );
    let used = 0;
    return {
      blas: first,
      async steps(count) {
        const { loss, seconds } = await ask(count);
        used = 1000 * seconds;
        return loss;
      },
      clock: () => used,
      stop,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The graph as torch_train.py reads it. */
function describe(graph: Graph, { labels, batch, rate }: Training) {
  const parameters: object[] = [];
  const parts: Float32Array[] = [];
  let from = 0;
  const nodes = graph.nodes.map(({ op, inputs, outputs, attrs }) => {
    const [x, w] = inputs;
    const { trainable } = rowOf(op);
    for (const place of trainable) {
      const t = inputs[place] ?? -1;
      if (t < 0) continue;
      const { shape, data } = graph.tensors[t];
      const layout = place !== 1 || op === 'fullyConnected' ? '' : op === 'conv2d' ? 'OHWI' : '1HWC';
      parameters.push({ tensor: t, shape, layout, from, count: data!.length });
      parts.push(data as Float32Array);
      from += data!.length;
    }
    const window = attrs as unknown as Window & { filter?: readonly [number, number] };
    const filter = window.filter ?? (graph.tensors[w]?.shape.slice(1, 3) as unknown as [number, number]);
    const image = graph.tensors[x].shape;
    const sides = window.stride && sidesOf(window, [image[1], image[2]], filter);
    return {
      op,
      x: trainable.length ? [x] : inputs,
      y: outputs[0],
      w: w ?? -1,
      bias: inputs[2] ?? -1,
      ...attrs,
      pad: sides && [sides.top, sides.bottom, sides.left, sides.right],
    };
  });
  const shape = [batch, ...graph.tensors[graph.inputs[0]].shape.slice(1)];
  const network = { shape, nodes, parameters, labels, rate, input: graph.inputs[0], output: graph.outputs[0] };
  const weights = new Float32Array(from);
  let at = 0;
  for (const part of parts) {
    weights.set(part, at);
    at += part.length;
  }
  return { network, weights };
}
