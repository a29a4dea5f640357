/** The arms that are compared here, of those that `thumbnet ablate` has. */
import { ARMS as ALL, type Arm } from '../../src/ablate/arms.ts';
import { OBJECTIVE } from '../../src/compress/options.ts';

/** Weight bytes and MACs, so that no model of a chip has a say. */
export const WEIGHTS_AND_MACS = { ...zeros(OBJECTIVE), weights: 1, macs: 1 };

function zeros<K extends string>(names: Readonly<Record<K, number>>): Record<K, number> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, 0])) as Record<K, number>;
}

export const ARMS: Readonly<Record<string, Arm>> = { compress: ALL.adaptive, greedy: ALL.greedy, random: ALL.random };
