import { type Command, Option } from 'commander';
import { isOnePart, type PartName } from '../data/index.ts';
import { qualityOf } from '../evaluate.ts';
import { asStored } from '../model.ts';
import { describeGoal, goalOf, missed } from '../task/index.ts';
import { Heap } from '../wasm/heap.ts';
import { showEvaluation } from './evaluations.ts';
import { MISSED } from './exit_codes.ts';
import { MODEL, readModel } from './files.ts';
import { type DataFlags, dataFlags, readData } from './flags.ts';
import { complain, createOutput } from './output.ts';
import { type GoalFlags, goalFlags, judgeGiven, readTask, type TaskFlags, taskFlags } from './task_flags.ts';
import { integer } from './values.ts';

interface Flags extends DataFlags, TaskFlags, GoalFlags {
  readonly part?: PartName;
  readonly top?: number;
  readonly json?: boolean;
}

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('quality by float or integer arithmetic, as the model is: accuracy, confusion, F1, AUC, errors, by the task')
    .argument('<model>', MODEL);
  goalFlags(taskFlags(dataFlags(command, true)))
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
    .action(evaluate);
}

async function evaluate(path: string, flags: Flags): Promise<void> {
  const out = createOutput(flags.json ?? false);
  const model = await readModel(path);
  const whole = flags.split === undefined && flags.part === undefined;
  const data = await readData(flags, model, out, { whole });
  const { part = 'test', top, goal: asked, minRecall } = flags;
  const heap = await Heap.open();
  const graph = asStored(model);
  const task = readTask(heap, graph, data, flags, out);
  const { evaluation } = judgeGiven(heap, graph, data, part, task, out, top);
  const judged = whole && isOnePart(data) ? 'all' : part;
  const hasGoal = asked !== undefined || minRecall !== undefined;
  const goal = hasGoal ? goalOf(task, qualityOf(evaluation), { goal: asked, minRecall }) : null;
  const misses = goal ? missed(goal, evaluation, task) : [];
  const facts = { data: data.name, part: judged, classNames: data.classNames ?? null };
  out.result({ ...evaluation.metrics, ...evaluation, ...facts, ...(goal && { reached: misses.length === 0 }) }, () => {
    showEvaluation(out, evaluation, task, judged);
    if (goal && !misses.length) out.say(`reached: ${describeGoal(goal, task)}`);
  });
  if (misses.length === 0) return;
  complain(`the goal was not reached: ${misses.join('; ')}`);
  process.exitCode = MISSED;
}
