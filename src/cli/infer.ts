import { join } from 'node:path';
import type { Command } from 'commander';
import { readNpy, writeNpy } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { newValues, sizeOf, type Values } from '../graph/graph.ts';
import { asStored } from '../model.ts';
import { compile, type Program } from '../run/compile.ts';
import { Heap } from '../wasm/heap.ts';
import { checkOutput, makeFolder, MODEL, readBytes, readModel, writeWhole } from './files.ts';
import { createOutput } from './output.ts';

interface Flags {
  readonly input: string;
  readonly output: string;
  readonly trace?: string;
  readonly keepState?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addInfer(program: Command): void {
  program
    .command('infer')
    .description("raw tensors in, raw tensors out, of the model's own type")
    .argument('<model>', MODEL)
    .requiredOption('--input <x.npy>', 'one example, or several along the first dimension')
    .requiredOption('--output <y.npy>', 'where the output goes')
    .option('--trace <dir>', 'every inner tensor of the first example, one .npy each')
    .option('--keep-state', 'the state of LSTM and SVDF layers goes on from one example to the next, as in a stream')
    .option('--force', 'replace the output where it exists')
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, flags: Flags) => {
      const out = createOutput(flags.json ?? false);
      const graph = asStored(await readModel(path));
      const file = readNpy(await readBytes(flags.input, 'the input'), flags.input);
      await checkOutput(flags.output, { force: flags.force, flag: '--output' });
      if (flags.trace !== undefined) await makeFolder(flags.trace, '--trace');
      const input = graph.tensors[graph.inputs[0]];
      const size = sizeOf(input.shape);
      const examples = countOf(file.shape, input.shape, size, flags.input);
      const values = convert(file.data, input.dtype, flags.input);
      const heap = await Heap.open();
      const program = compile(heap, graph, { keepAll: flags.trace !== undefined });
      const [y] = program.outputs;
      const results = newValues(y.dtype, examples * sizeOf(y.shape));
      for (let i = 0; i < examples; i++) {
        heap.write(program.inputs[0], values.subarray(i * size, (i + 1) * size) as unknown as number[]);
        if (!flags.keepState) program.reset();
        program.run();
        (results as Float32Array).set(heap.read(y) as Float32Array, i * sizeOf(y.shape));
        if (i === 0 && flags.trace !== undefined) await writeTrace(heap, program, flags.trace);
      }
      const shape = [examples, ...y.shape.slice(1)];
      await writeWhole(flags.output, writeNpy(writable(results), shape), '--output');
      const facts = { output: flags.output, shape, dtype: y.dtype, examples, ...(flags.trace && { trace: flags.trace }) };
      out.result(facts, () =>
        out.say(`${flags.output}: [${shape}] ${y.dtype}, of ${examples} example${examples === 1 ? '' : 's'}`),
      );
    });
}

/** Every computed tensor as it stands after a run, a file each. */
async function writeTrace(heap: Heap, { graph, operands }: Program, folder: string): Promise<void> {
  for (const [t, { name, data }] of graph.tensors.entries()) {
    if (data) continue;
    const file = `${String(t).padStart(3, '0')}_${name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(-80)}.npy`;
    await writeWhole(join(folder, file), writeNpy(writable(heap.read(operands[t])), operands[t].shape), '--trace');
  }
}

function countOf(shape: readonly number[], wanted: readonly number[], size: number, name: string): number {
  const total = sizeOf(shape);
  const squeeze = (s: readonly number[]) => s.filter((d) => d !== 1).join();
  const one = squeeze(shape) === squeeze(wanted);
  const many = squeeze(shape.slice(1)) === squeeze(wanted.slice(1));
  if (one || (many && total > 0)) return total / size;
  throw new CompressError(
    'shape-mismatch',
    `${name} is [${shape}], but the model takes [${wanted}]`,
    `give an array of [n, ${wanted.slice(1).join(', ')}]`,
  );
}

function convert(data: ArrayLike<number> | ArrayLike<bigint>, dtype: Parameters<typeof newValues>[0], name: string): Values {
  const values = newValues(dtype, data.length);
  for (let i = 0; i < data.length; i++) {
    const v = Number(data[i]);
    values[i] = v as never;
    if (Number.isFinite(v) && (Number(values[i]) === v || (dtype === 'f32' && Number.isFinite(values[i])))) continue;
    if (!Number.isFinite(v)) {
      const what = Number.isNaN(v) ? 'NaN' : 'infinite';
      throw new CompressError('bad-data', `${name}: element ${i} is ${what}`, 'give finite numbers');
    }
    throw new CompressError(
      'bad-data',
      `${name}: element ${i} is ${v}, which the model's input type ${dtype} cannot hold`,
      `give raw values of type ${dtype}`,
    );
  }
  return values;
}

/** int64 activations do not occur; everything else numpy knows. */
const writable = (values: Values) => values as Exclude<Values, BigInt64Array>;
