/** Which module adds which verbs, in the order of help. A command line loads the module of its verb and no other: each brings rooms with it. */
import type { Command } from 'commander';

type Add = (program: Command) => void;

const MODULES: readonly (readonly [verbs: readonly string[], load: () => Promise<Add>])[] = [
  [['demo'], async () => (await import('./demo.ts')).addDemo],
  [['compress'], async () => (await import('./compress.ts')).addCompress],
  [['worker'], async () => (await import('./worker.ts')).addWorker],
  [['status'], async () => (await import('./status.ts')).addStatus],
  [['inspect'], async () => (await import('./inspect.ts')).addInspect],
  [['evaluate'], async () => (await import('./evaluate.ts')).addEvaluate],
  [['infer'], async () => (await import('./infer.ts')).addInfer],
  [['profile'], async () => (await import('./profile.ts')).addProfile],
  [['simplify'], async () => (await import('./simplify.ts')).addSimplify],
  [['prune', 'quantize', 'distill', 'finetune', 'run'], async () => (await import('./stages.ts')).addStages],
  [['train'], async () => (await import('./train.ts')).addTrain],
  [['interactions'], async () => (await import('./interactions.ts')).addInteractions],
  [['ablate'], async () => (await import('./ablate.ts')).addAblate],
  [['export'], async () => (await import('./export.ts')).addExport],
  [['verify'], async () => (await import('./verify.ts')).addVerify],
  [['conform'], async () => (await import('./conform.ts')).addConform],
  [['compare'], async () => (await import('./compare.ts')).addCompare],
  [['targets'], async () => (await import('./targets.ts')).addTargets],
  [['report'], async () => (await import('./report.ts')).addReport],
  [['init'], async () => (await import('./init.ts')).addInit],
  [['doctor'], async () => (await import('./doctor.ts')).addDoctor],
  [['completion'], async () => (await import('./completion.ts')).addCompletion],
];

/** Adds one verb with those of its module, or all where no module has it. */
export async function addVerbs(program: Command, verb?: string): Promise<void> {
  const named = MODULES.filter(([verbs]) => verb !== undefined && verbs.includes(verb));
  for (const [, load] of named.length ? named : MODULES) (await load())(program);
}
