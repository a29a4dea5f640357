/** The arms that are compared here, of those that `thumbnet ablate` has. */
import { ARMS as ALL, type Arm } from '../../src/ablate/arms.ts';

export const ARMS: Readonly<Record<string, Arm>> = { compress: ALL.adaptive, greedy: ALL.greedy, random: ALL.random };
