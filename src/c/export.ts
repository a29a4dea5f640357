import { CompressError } from '../errors.ts';
import { bytesOf, sizeOf } from '../graph/graph.ts';
import { asStored, isIntegerGraph } from '../model.ts';
import type { Model } from '../stage.ts';
import { findTarget, type Target } from '../targets/index.ts';
import { Heap } from '../wasm/heap.ts';
import { type CExport, generateC } from './index.ts';
import type { Kernels, Trade } from './parts.ts';
import type { Example } from './project/example.ts';

export interface ExportCOptions {
  /** Part of all global names and of the files' names. Default: `network`. */
  readonly name?: string;
  /** What `main.c` runs and prints the class of; by default two inputs of noise. */
  readonly examples?: readonly Example[];
  readonly classNames?: readonly string[];
  /** What weights of 4 bits are stored for; by default `speed`. */
  readonly trade?: Trade;
  /** Whose kernels are called; by default `own`. With CMSIS-NN, weights of 4 bits stay two to a byte. */
  readonly kernels?: Kernels;
  /** What the first lines of each file say of the model's recipe. */
  readonly recipe?: string;
  /** By default a new one. */
  readonly heap?: Heap;
}

/**
 * A quantized model as C11 for a chip: text of all files of a folder. It needs no tools, and works in browsers.
 *
 * @throws CompressError `not-ready` for a model that is not quantized, `unsupported` for an operator without an integer form, `bad-option` for
 *   a name that C cannot hold, `does-not-fit` where constants or memory exceed the chip's, `unknown-target`
 */
export async function exportC(model: Model, target: Target | string, options: ExportCOptions = {}): Promise<CExport> {
  const chip = typeof target === 'string' ? findTarget(target) : target;
  const graph = asStored(model);
  if (!isIntegerGraph(graph)) {
    throw new CompressError(
      'not-ready',
      'the model computes with real numbers, and C is written for integers',
      'quantize it first: thumbnet quantize MODEL --data DATA --out FILE',
    );
  }
  const { name = 'network', examples, classNames, recipe, trade, kernels, heap = await Heap.open() } = options;
  const made = await generateC(heap, graph, chip, { name, examples, classNames, recipe, trade, kernels });
  checkFits(made, chip);
  return made;
}

/** What is known without a compiler: constants alone, and all of RAM but the stack. */
function checkFits({ constantBytes, network }: CExport, { name, flashBytes, ramBytes }: Target): void {
  if (constantBytes > flashBytes) {
    throw new CompressError(
      'does-not-fit',
      `the constants take ${constantBytes} bytes, and ${name} has ${flashBytes} bytes of flash`,
      'choose a larger chip, or compress the model further',
    );
  }
  const { graph, arenaBytes, stateBytes } = network;
  const edges = [...graph.inputs, ...graph.outputs].map((t) => bytesOf(graph.tensors[t].dtype, sizeOf(graph.tensors[t].shape)));
  const ram = edges.reduce((a, b) => a + b, arenaBytes + stateBytes);
  if (ram > ramBytes) {
    throw new CompressError(
      'does-not-fit',
      `arena, inputs and outputs take ${ram} bytes, and ${name} has ${ramBytes} bytes of RAM`,
      'choose a larger chip, or compress the model further',
    );
  }
}
