import { type Command, Option } from 'commander';
import { classWarning, type Dataset, isOnePart, type PartName } from '../data/index.ts';
import { type Evaluation, evaluateGraph } from '../evaluate.ts';
import { asStored } from '../model.ts';
import { MODEL, readModel } from './files.ts';
import { type DataFlags, dataFlags, integer, readData } from './flags.ts';
import { createOutput, type Output, percent, table } from './output.ts';

interface Flags extends DataFlags {
  readonly part?: PartName;
  readonly top?: number;
  readonly json?: boolean;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('accuracy, by float or integer arithmetic as the model is; confusion, per class')
    .argument('<model>', MODEL);
  dataFlags(command, true)
    .addOption(
      new Option('--part <name>', 'which part is judged (all of data without parts, else test)').choices([
        'train',
        'validation',
        'test',
      ]),
    )
    .option('--top <k>', 'also count the label among the k largest outputs as right', integer)
    .option('--seed <n>', 'of a split', integer)
    .option('--json', 'one JSON object on stdout')
    .action(async (path: string, flags: Flags) => {
      const out = createOutput(flags.json ?? false);
      const model = await readModel(path);
      const whole = flags.split === undefined && flags.part === undefined;
      const data = await readData(flags, model, out, { whole });
      const { part = 'test', top } = flags;
      const found = await evaluateGraph(asStored(model), data, part, { top });
      const warning = found.accuracy === null ? null : classWarning(data, found.perClass.length);
      if (warning) out.warn(warning);
      const judged = whole && isOnePart(data) ? 'all' : part;
      const { name, classNames = null } = data;
      out.result({ ...found, data: name, part: judged, classNames }, () => show(out, found, data, judged));
    });
}

function show(out: Output, found: Evaluation, { classNames }: Dataset, judged: PartName | 'all'): void {
  if (found.accuracy === null) {
    out.say(`mean squared error ${found.meanSquaredError!.toFixed(5)} over ${found.examples} examples`);
    if (found.auc !== null) out.say(`area under the ROC curve of the error ${found.auc.toFixed(4)}`);
    return;
  }
  const name = (c: number) => classNames?.[c] ?? String(c);
  const rows = found.confusion.map((row, c) => [name(c), percent(found.perClass[c]), ...row.map(String)]);
  out.say(table(['class', 'correct', ...rows.map((_, c) => `as ${name(c)}`)], rows));
  const of = judged === 'all' ? `all ${found.examples} examples` : `${found.examples} examples of the ${judged} part`;
  out.say(`accuracy ${percent(found.accuracy)}: ${found.correct} of ${of}`);
  const { topK } = found;
  if (topK) out.say(`among the ${topK.k} largest ${percent(topK.accuracy)}: ${topK.correct} of ${found.examples}`);
}
