import { join } from 'node:path';
import type { Command } from 'commander';
import { writeNpy } from '../data/index.ts';
import { fileShape, toFileOrder } from '../graph/file_order.ts';
import { type Graph, newValues, sizeOf } from '../graph/graph.ts';
import { asStored } from '../model.ts';
import { compile, type Program } from '../run/compile.ts';
import { feed } from '../run/feed.ts';
import { Heap } from '../wasm/heap.ts';
import { MODEL, makeFolder, readModel, writeWhole } from './files.ts';
import { createOutput } from './output.ts';
import { type Fed, outputPlaces, readInputs, writable, writeOutputs } from './tensor_files.ts';

interface Flags {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly trace?: string;
  readonly keepState?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

const collected = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export function addInfer(program: Command): void {
  program
    .command('infer')
    .description("raw tensors in, raw tensors out, of the model's own types: all inputs, all outputs")
    .argument('<model>', MODEL)
    .requiredOption(
      '--input <[name=]x.npy>',
      'one example, or several along the first dimension; of several inputs each by name or in order, or one .npz or folder with all',
      collected,
    )
    .requiredOption(
      '--output <[name=]y.npy>',
      'file for the output; of several outputs each by name or in order, one .npz, a folder/, or y.npy for y_NAME.npy each',
      collected,
    )
    .option('--trace <dir>', 'every inner tensor of the first example, one .npy each')
    .option('--keep-state', 'the state of LSTM, SVDF and streaming layers is kept from one example to the next, as in a stream')
    .option('--force', 'replace the output where it exists')
    .option('--json', 'one JSON object on stdout')
    .action(infer);
}

async function infer(path: string, flags: Flags): Promise<void> {
  const out = createOutput(flags.json ?? false);
  const graph = asStored(await readModel(path));
  const outputs = graph.outputs.map((t) => graph.tensors[t]);
  const fed = await readInputs(
    flags.input,
    graph.inputs.map((t) => graph.tensors[t]),
  );
  const places = await outputPlaces(flags.output, outputs, flags.force ?? false);
  if (flags.trace !== undefined) await makeFolder(flags.trace, '--trace');
  const results = await runAll(graph, fed, flags);
  await writeOutputs(places, outputs, results);
  const { examples } = fed[0];
  const written = results.map(({ shape, dtype }, i) => {
    return { name: outputs[i].name, file: places.archive ? places.files[0] : places.files[i], shape, dtype };
  });
  const [{ file, shape, dtype }] = written;
  const facts = { output: file, shape, dtype, outputs: written, examples, ...(flags.trace && { trace: flags.trace }) };
  out.result(facts, () => {
    for (const w of written) {
      const name = written.length > 1 ? `"${w.name}" ` : '';
      out.print(`${w.file}: ${name}[${w.shape}] ${w.dtype}, of ${examples} example${examples === 1 ? '' : 's'}`);
    }
  });
}

async function runAll(graph: Graph, fed: readonly Fed[], { trace, keepState }: Flags) {
  const heap = await Heap.open();
  const program = compile(heap, graph, { keepAll: trace !== undefined });
  const [{ examples }] = fed;
  const results = program.outputs.map(({ dtype, shape }) => ({
    dtype,
    values: newValues(dtype, examples * sizeOf(shape)),
  }));
  for (let i = 0; i < examples; i++) {
    const one = fed.map(({ values }) => {
      const size = values.length / examples;
      return values.subarray(i * size, (i + 1) * size) as Float32Array;
    });
    feed(heap, program.inputs, one);
    if (!keepState) program.reset();
    program.run();
    program.outputs.forEach((y, k) => {
      (results[k].values as Float32Array).set(heap.read(y) as Float32Array, i * sizeOf(y.shape));
    });
    if (i === 0 && trace !== undefined) await writeTrace(heap, program, trace);
  }
  // axes as in the model's own file
  return results.map(({ dtype, values }, k) => {
    const y = graph.tensors[graph.outputs[k]];
    return { dtype, values: toFileOrder(y, values), shape: [examples, ...fileShape(y).slice(1)] };
  });
}

/** Every computed tensor after a run, a file each. */
async function writeTrace(heap: Heap, { graph, operands }: Program, folder: string): Promise<void> {
  for (const [t, { name, data }] of graph.tensors.entries()) {
    if (data) continue;
    const file = `${String(t).padStart(3, '0')}_${name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(-80)}.npy`;
    await writeWhole(join(folder, file), writeNpy(writable(heap.read(operands[t])), operands[t].shape), '--trace');
  }
}
