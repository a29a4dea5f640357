/** What tests on hand-written ONNX files share. */
import * as assert from 'uvu/assert';
import { CompressError } from '../../src/errors.ts';
import { type Graph, sizeOf } from '../../src/graph/graph.ts';
import { loadModel } from '../../src/model.ts';
import type { Model } from '../../src/stage.ts';
import { Heap } from '../../src/wasm/heap.ts';
import { runInFileOrder } from './agree.ts';
import { given } from './given.ts';
import { type HandModel, type HandNode, onnxFile } from './onnx_file.ts';

const heap = await Heap.open();

export const load = async (bytes: Uint8Array): Promise<Model> => loadModel(bytes);
export const run = (graph: Graph, inputs: Readonly<Record<string, Float32Array>>) => runInFileOrder(heap, graph, inputs);

/** y of a hand-written model with one input x; its shape there. */
export async function answers(model: HandModel): Promise<{ graph: Graph; y: number[] }> {
  const { graph } = await load(onnxFile(model));
  const shape = Object.values(model.inputs)[0].map((d) => (typeof d === 'number' ? d : 1));
  return { graph, y: Array.from(Object.values(run(graph, { x: given(sizeOf(shape)) }))[0]) };
}

export const node = (type: string, inputs: string, outputs: string, attributes?: HandNode['attributes']): HandNode => ({
  type,
  inputs: inputs === '' ? [] : inputs.split(' '),
  outputs: outputs.split(' '),
  attributes,
});

/** The file is refused in these words. */
export async function refused(bytes: Uint8Array, code: string, what: RegExp, fix = /./): Promise<void> {
  const e = await load(bytes).then(
    () => null,
    (error) => error,
  );
  assert.instance(e, CompressError, String(e));
  assert.is(e.code, code);
  assert.match(e.what, what);
  assert.match(e.fix, fix);
}

export const relu: HandModel = { inputs: { x: ['N', 4] }, outputs: ['y'], nodes: [node('Relu', 'x', 'y')] };
