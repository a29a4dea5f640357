import { sha256 } from '../digest.ts';
import { importTflite } from '../formats/tflite/index.ts';
import type { Graph, Values } from '../graph/graph.ts';
import { compile } from '../run/compile.ts';
import type { Heap } from '../wasm/heap.ts';
import { decode, isRecord, MalformedCase, numbers } from './case.ts';
import { type Difference, firstDifference } from './compare.ts';
import { modelInput } from './model_input.ts';

/** Golden outputs of a model file, as they came from JSON. */
export type GoldenModel = Readonly<Record<string, unknown>> & { readonly cases: readonly unknown[] };

export const isGoldenModel = (json: unknown): json is GoldenModel =>
  isRecord(json) && Array.isArray(json.cases) && isRecord(json.model);

/** The file a golden model speaks of. */
export function modelFile(golden: GoldenModel): string {
  const file = isRecord(golden.model) ? golden.model.file : undefined;
  if (typeof file !== 'string') throw new MalformedCase('model.file is missing');
  return file;
}

/** The graph of the model, after its bytes were found to be the ones meant. */
export async function openModel(golden: GoldenModel, bytes: Uint8Array | null): Promise<Graph> {
  const file = modelFile(golden);
  if (!bytes) throw new MalformedCase(`the model ${file} was not found`);
  const expected = isRecord(golden.model) ? golden.model.sha256 : undefined;
  if (typeof expected === 'string' && (await sha256(bytes)) !== expected) {
    throw new MalformedCase(`the model ${file} is not the one the golden outputs were made with`);
  }
  return importTflite(bytes);
}

/** One case of a golden model under one rounding: the first difference, or null. */
export async function runModelCase(heap: Heap, graph: Graph, golden: GoldenModel, index: number): Promise<Difference | null> {
  const fields = golden.cases[index];
  if (!isRecord(fields)) throw new MalformedCase('it is not an object');
  const input = modelInput(fields.input, graph.tensors[graph.inputs[0]]);
  const failure = input.expected && (await checkInput(input));
  if (failure) return failure;
  const { outputs, layers } = heap.scope(() => run(heap, graph, input.values, layerTensors(graph, golden)));
  if (golden.arithmetic === 'float') return floatDifference(golden, fields, outputs);
  const single = heap.rounding === 'single';
  const expectedOf = (field: string) => (single && fields[`${field}_single_rounding`]) || fields[field];
  for (const [field, values] of Object.entries(outputs)) {
    const wanted = expectedOf(field);
    const found = wanted ? firstDifference(decode(wanted, field).values, values) : null;
    if (found) return (await layerDifference(golden, index, heap, layers)) ?? { field, ...found };
  }
  const hash = expectedOf('all_tensors_sha256');
  if (typeof hash !== 'string') return null;
  const actual = await sha256(...layers);
  if (actual === hash) return null;
  const deeper = await layerDifference(golden, index, heap, layers);
  return deeper ?? { field: 'all_tensors_sha256', index: -1, expected: hash, actual };
}

type Outputs = Readonly<Record<string, Values>>;

/** The tensor that each layer of the file computes: the nodes' outputs in order, or found by name where nodes were folded. */
function layerTensors(graph: Graph, golden: GoldenModel): readonly number[] {
  const named = Array.isArray(golden.tensors_of_case_0) ? golden.tensors_of_case_0.filter(isRecord) : [];
  if (named.length === 0 || named.length === graph.nodes.length) return graph.nodes.map((n) => n.outputs[0]);
  return named.map(({ name }) => graph.tensors.findIndex((t) => t.name === name));
}

/** What the last softmax reads, or -1. */
const beforeSoftmax = (graph: Graph) => graph.nodes.findLast((n) => n.op === 'softmax')?.inputs[0] ?? -1;

function run(heap: Heap, graph: Graph, input: Values, places: readonly number[]) {
  const program = compile(heap, graph, { keepAll: true });
  heap.write(program.inputs[0], input as Int8Array);
  program.run();
  const read = (t: number) => (t < 0 ? new Int8Array() : heap.read(program.operands[t]));
  const at = beforeSoftmax(graph);
  const outputs: Outputs = { output: heap.read(program.outputs[0]), ...(at >= 0 ? { before_softmax: read(at) } : {}) };
  return { outputs, layers: places.map(read) };
}

/** Which layer of the first case is the first to differ (given for double rounding only). */
async function layerDifference(
  golden: GoldenModel,
  index: number,
  heap: Heap,
  layers: readonly Values[],
): Promise<Difference | null> {
  const tensors = golden.tensors_of_case_0;
  if (index !== 0 || heap.rounding !== 'double' || !Array.isArray(tensors)) return null;
  for (const [i, t] of tensors.entries()) {
    const actual = layers[i] ? await sha256(layers[i]) : 'no such tensor';
    if (actual !== t.sha256) return { field: `layer ${t.layer} (${t.name})`, index: -1, expected: t.sha256, actual };
  }
  return null;
}

function floatDifference(golden: GoldenModel, fields: Readonly<Record<string, unknown>>, outputs: Outputs): Difference | null {
  const tolerance = Number(golden.tolerance_relative_to_max);
  for (const [field, actual] of Object.entries(outputs)) {
    const wanted = fields[field];
    if (!isRecord(wanted)) continue;
    const expected = numbers(wanted.values, `${field}.values`);
    const near = tolerance * expected.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    if (expected.length !== actual.length) {
      return { field, index: -1, expected: `${expected.length} elements`, actual: `${actual.length} elements` };
    }
    const i = expected.findIndex((v, k) => !(Math.abs(Number(actual[k]) - v) <= near));
    if (i >= 0) return { field, index: i, expected: expected[i], actual: Number(actual[i]) };
  }
  return null;
}

async function checkInput(input: ReturnType<typeof modelInput>): Promise<Difference | null> {
  const actual = await sha256(input.values);
  return actual === input.expected ? null : { field: 'input', index: -1, expected: input.expected!, actual };
}
