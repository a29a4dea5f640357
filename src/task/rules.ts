import { binary } from './binary.ts';
import { classification } from './classification.ts';
import { multilabel } from './multilabel.ts';
import { reconstruction } from './reconstruction.ts';
import { regression } from './regression.ts';
import type { TaskName, TaskRules } from './task.ts';

const RULES: Readonly<Record<TaskName, TaskRules>> = { classification, binary, multilabel, regression, reconstruction };

export const rulesOf = (name: TaskName): TaskRules => RULES[name];
