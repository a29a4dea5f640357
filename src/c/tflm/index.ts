import { CompressError } from '../../errors.ts';
import { exportTflite } from '../../formats/tflite/index.ts';
import { lower } from '../../formats/tflite/lower.ts';
import { graphDigest } from '../../graph/digest.ts';
import { asStored, isIntegerGraph } from '../../model.ts';
import type { Model } from '../../stage.ts';
import { findTarget, type Target } from '../../targets/index.ts';
import { Heap } from '../../wasm/heap.ts';
import { checkName, goldenOf, headOf, noiseInputs } from '../index.ts';
import type { Example } from '../project/example.ts';
import { arenaOf, type TflmArena } from './arena.ts';
import { operatorsOf } from './operators.ts';
import { cmakeText, modelHeader, modelSource, readmeText, resolverHeader, selfTest } from './project.ts';

export interface TflmOptions {
  /** Part of all global names. Default: `network`. */
  readonly name?: string;
  /** What the self-test runs; by default two inputs of noise. */
  readonly examples?: readonly Example[];
  /** What the first lines of each file say of the model's recipe. */
  readonly recipe?: string;
  /** By default a new one. */
  readonly heap?: Heap;
}

export interface TflmExport {
  /** Text by file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly name: string;
  /** Methods of the resolver, without `Add`. */
  readonly operators: readonly string[];
  readonly arena: TflmArena;
  readonly modelBytes: number;
}

const EXAMPLES = [1, 2];

/**
 * A folder of C++ for TensorFlow Lite Micro with CMSIS-NN's kernels: the model's file, a resolver with just its operators, the bytes of the
 * arena, and a self-test.
 *
 * @throws CompressError `not-ready` for a model that is not quantized, `unsupported` for an operator that the interpreter lacks, `bad-option`
 *   for a name that C++ cannot hold, `unknown-target`
 */
export async function exportTflm(model: Model, target: Target | string, options: TflmOptions = {}): Promise<TflmExport> {
  const chip = typeof target === 'string' ? findTarget(target) : target;
  const graph = asStored(model);
  if (!isIntegerGraph(graph)) {
    throw new CompressError(
      'not-ready',
      'the model computes with real numbers, and its chip with integers',
      'quantize it first: thumbnet quantize MODEL --data DATA --out FILE',
    );
  }
  const { recipe = null, examples, heap = await Heap.open() } = options;
  const name = `thumbnet_${checkName(options.name ?? 'network')}`;
  const lowered = lower(graph);
  const graphs = lowered.beginning ? [lowered, lowered.beginning] : [lowered];
  const operators = operatorsOf(graphs).map((o) => o.add);
  const tflite = exportTflite(graph);
  const arena = arenaOf(lowered, graph.inputs, chip.kind);
  const variables = graph.tensors.filter((t) => t.variable).length;
  const facts = { name, graph, tflite, operators, arenaBytes: arena.bytes, variables: lowered.beginning ? variables : 0 };
  const golden = goldenOf(heap, graph, examples ?? EXAMPLES.map((seed): Example => ({ inputs: noiseInputs(graph, seed) })));
  const head = headOf(chip, await graphDigest(graph), recipe);
  return {
    name,
    operators,
    arena,
    modelBytes: tflite.length,
    files: {
      'model.h': modelHeader(facts, head),
      'model.cc': modelSource(facts, head),
      'resolver.h': resolverHeader(facts, head),
      'main.cc': selfTest(facts, golden, head),
      'CMakeLists.txt': cmakeText(facts),
      'README.md': readmeText(facts, arena, chip),
    },
  };
}
