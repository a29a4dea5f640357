import { type Command, Option } from 'commander';
import type { PartName } from '../data/index.ts';
import { evaluateGraph } from '../evaluate.ts';
import { asStored } from '../model.ts';
import { readModel } from './files.ts';
import { type DataFlags, dataFlags, integer, readData } from './flags.ts';
import { createOutput, percent, table } from './output.ts';

interface Flags extends DataFlags {
  readonly part: PartName;
  readonly top?: number;
  readonly json?: boolean;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('accuracy, by float or integer arithmetic as the model is; confusion, per class')
    .argument('<model>', 'a .tflite file');
  dataFlags(command, true)
    .addOption(new Option('--part <name>', 'which part is judged').choices(['train', 'validation', 'test']).default('test'))
    .option('--top <k>', 'also count the label among the k largest outputs as right', integer)
    .option('--seed <n>', 'of a split', integer)
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, flags: Flags) => {
      const out = createOutput(flags.json ?? false);
      const model = await readModel(path);
      const data = await readData(flags, model, out, { whole: flags.split === undefined && flags.part === 'test' });
      const found = await evaluateGraph(asStored(model), data, flags.part, { top: flags.top });
      out.result(found, () => {
        if (found.accuracy === null) {
          out.say(`mean squared error ${found.meanSquaredError!.toFixed(5)} over ${found.examples} examples`);
          if (found.auc !== null) out.say(`area under the ROC curve of the error ${found.auc.toFixed(4)}`);
          return;
        }
        const name = (c: number) => data.classNames?.[c] ?? String(c);
        const rows = found.confusion.map((row, c) => [name(c), percent(found.perClass[c]), ...row.map(String)]);
        out.say(table(['class', 'correct', ...rows.map((_, c) => `as ${name(c)}`)], rows));
        out.say(`accuracy ${percent(found.accuracy)}: ${found.correct} of ${found.examples} examples of the ${flags.part} part`);
        if (found.topK)
          out.say(
            `among the ${found.topK.k} largest ${percent(found.topK.accuracy)}: ${found.topK.correct} of ${found.examples}`,
          );
      });
    });
}
