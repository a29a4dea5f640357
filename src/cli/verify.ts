import type { Command } from 'commander';
import { type CExport, generateC } from '../c/index.ts';
import type { Trade } from '../c/parts.ts';
import { kernelText } from '../c/project/source.ts';
import { loadDataset, numbersBetween, takeEvenly } from '../data/index.ts';
import { checkToolchain } from '../emulator/toolchain.ts';
import { type Verification, verifyGraph } from '../emulator/verify.ts';
import { type FrontEndVerification, verifyFrontEnd } from '../emulator/verify_front_end.ts';
import { CompressError } from '../errors.ts';
import { toIntegers } from '../features/index.ts';
import type { Graph } from '../graph/graph.ts';
import { shortName } from '../graph/names.ts';
import { findTarget, type Target } from '../mcu/index.ts';
import { asStored, isIntegerGraph } from '../model.ts';
import { bytes } from '../report/units.ts';
import { Heap } from '../wasm/heap.ts';
import { MISSED } from './exit_codes.ts';
import { MODEL, readModel } from './files.ts';
import { tradeOption } from './flags.ts';
import { count, createOutput, type Output, table } from './output.ts';
import { number } from './values.ts';

interface Flags {
  readonly target: string;
  readonly inputs: number;
  readonly trade: Trade;
  readonly data?: string;
  readonly json?: boolean;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('the exported C on an emulated core against the integer engine, bit for bit, with instruction counts')
    .argument('<model>', MODEL)
    .requiredOption('--target <mcu>', 'the chip (see `thumbnet targets`)')
    .option('--inputs <n>', 'how many inputs are run', number, 8)
    .option(
      '--data <path>',
      'samples for the front end of a model that has one, in place of made ones: recordings, sound, arrays',
    )
    .addOption(tradeOption())
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, { target, inputs, trade, data, json }: Flags) => {
      const out = createOutput(json ?? false);
      if (!(Number.isInteger(inputs) && inputs >= 1 && inputs <= 10000)) {
        throw new CompressError('bad-option', `--inputs ${inputs} is not a number of inputs`, 'give a whole number of 1..10000');
      }
      const chip = findTarget(target);
      const graph = asStored(await readModel(path));
      if (!isIntegerGraph(graph)) {
        throw new CompressError('not-ready', `"${path}" computes with real numbers`, 'quantize it first: thumbnet quantize');
      }
      checkToolchain();
      const heap = await Heap.open();
      const generated = await generateC(heap, graph, chip, { name: 'network', trade });
      const result = await verifyGraph(heap, graph, chip, { inputs, generated });
      const frontEnd = generated.frontEnd && (await verifySamples(heap, graph, chip, generated, inputs, data));
      if (data !== undefined && !frontEnd)
        throw new CompressError('bad-option', `"${path}" names no front end that takes samples`, 'leave --data out');
      if (result.difference || frontEnd?.difference) process.exitCode = MISSED;
      out.result({ target: chip.name, ...result, ...(frontEnd && { frontEnd }), notes: generated.notes }, () => {
        show(out, chip.name, result);
        if (frontEnd) showFrontEnd(out, generated.frontEnd!.frontEnd.name, frontEnd);
      });
    });
}

/** The front end on samples of data, evenly taken, or on made ones. */
async function verifySamples(
  heap: Heap,
  graph: Graph,
  chip: Target,
  generated: CExport,
  count: number,
  data: string | undefined,
): Promise<FrontEndVerification> {
  if (data === undefined) return verifyFrontEnd(heap, graph, chip, generated, null, count);
  const { samples, channels, rate, step } = generated.frontEnd!.frontEnd;
  const options = { whole: true, window: samples, ...(rate !== null && { rate }) };
  const { train, validation, test } = await loadDataset(data, options);
  const part = takeEvenly((test ?? validation ?? train)!, count);
  const size = samples * channels;
  if (part.inputs[0].length !== size * part.count)
    throw new CompressError(
      'shape-mismatch',
      `${data} has examples of ${part.inputs[0].length / part.count} numbers, but the front end takes ${samples} samples of ${channels} channels`,
      'give recordings, or arrays [count, samples, channels]',
    );
  const examples = Array.from({ length: part.count }, (_, i) => {
    const x = new Int16Array(size);
    toIntegers(numbersBetween(part.inputs[0], i * size, (i + 1) * size), step, x);
    return x;
  });
  return verifyFrontEnd(heap, graph, chip, generated, examples, count);
}

function showFrontEnd(out: Output, name: string, v: FrontEndVerification): void {
  out.say(
    `front end ${name}: ${count(v.instructions)} instructions an example, code ${bytes(v.codeBytes)}, RAM ${bytes(v.workBytes)} and ${bytes(v.streamBytes)} for a stream`,
  );
  if (!v.difference) {
    out.say(`samples in: features, answers and a stream's answers equal to the engine on ${v.examples} examples, bit for bit`);
    return;
  }
  const { example, what, index } = v.difference;
  out.say(`DIFFERENT from the engine: example ${example} of samples, ${what}, byte ${index}`);
}

function show(out: Output, target: string, v: Verification): void {
  const rows = v.layers.map((l) => [shortName(l.name), kernelText(l), count(l.instructions)]);
  out.print(table(['layer', 'kernel', 'instructions'], rows, 2));
  out.say(`${count(v.instructions)} instructions on the emulated ${v.core} of ${target}`);
  out.say(
    `code ${bytes(v.codeBytes)}, constants ${bytes(v.constantBytes)}, stack ${v.stackBytes} bytes seen, at most ${v.stackBoundBytes}`,
  );
  const sections = Object.entries(v.sections).filter(([name]) => ['.text', '.rodata', '.data', '.bss'].includes(name));
  out.say(`the whole image with its test program: ${sections.map(([name, bytes]) => `${name} ${bytes}`).join(', ')} bytes`);
  if (!v.difference) {
    out.say(`equal to the integer engine on ${v.examples} inputs, bit for bit`);
    return;
  }
  const { example, layer, kernel, index, expected, actual } = v.difference;
  out.say(
    `DIFFERENT from the integer engine: input ${example}, layer "${layer}" (${kernel}), element ${index}: expected ${expected}, got ${actual}`,
  );
}
