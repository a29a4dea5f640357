import type { Command } from 'commander';
import { generateC } from '../c/index.ts';
import type { Trade } from '../c/parts.ts';
import { checkToolchain } from '../emulator/toolchain.ts';
import { type Verification, verifyGraph } from '../emulator/verify.ts';
import { CompressError } from '../errors.ts';
import { shortName } from '../graph/names.ts';
import { findTarget } from '../mcu/index.ts';
import { asStored, isIntegerGraph } from '../model.ts';
import { Heap } from '../wasm/heap.ts';
import { MISSED } from './exit_codes.ts';
import { MODEL, readModel } from './files.ts';
import { number, tradeOption } from './flags.ts';
import { count, createOutput, kib, type Output, table } from './output.ts';

interface Flags {
  readonly target: string;
  readonly inputs: number;
  readonly trade: Trade;
  readonly json?: boolean;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('the exported C on an emulated core against the integer engine, bit for bit, with instruction counts')
    .argument('<model>', MODEL)
    .requiredOption('--target <mcu>', 'the chip (see `thumbnet targets`)')
    .option('--inputs <n>', 'how many inputs are run', number, 8)
    .addOption(tradeOption())
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, { target, inputs, trade, json }: Flags) => {
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
      if (result.difference) process.exitCode = MISSED;
      out.result({ target: chip.name, ...result, notes: generated.notes }, () => show(out, chip.name, result));
    });
}

function show(out: Output, target: string, v: Verification): void {
  const rows = v.layers.map((l) => [shortName(l.name), l.kernel, count(l.instructions)]);
  out.print(table(['layer', 'kernel', 'instructions'], rows, 2));
  out.say(`${count(v.instructions)} instructions on the emulated ${v.core} of ${target}`);
  out.say(
    `code ${kib(v.codeBytes)}, constants ${kib(v.constantBytes)}, stack ${v.stackBytes} bytes seen, at most ${v.stackBoundBytes}`,
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
