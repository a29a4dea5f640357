/** What of a chip a global cut can save, beside what needs no chip. */
import type { Graph } from '../graph/graph.ts';
import { CURRENCIES, type Currency } from '../prune/currencies.ts';
import { foldActivations } from '../simplify/activation.ts';
import { foldNorms } from '../simplify/norm.ts';
import { type Profile, profile } from './profile.ts';

const assume = { weights: 8, activations: 8 } as const;

const onChip = (of: (p: Profile) => number): Currency => ({
  needsTarget: true,
  cost: (graph: Graph, target) => of(profile(foldActivations(foldNorms(graph)), target, { assume })),
});

CURRENCIES.add(
  'flash',
  onChip((p) => p.flashBytes),
);
CURRENCIES.add(
  'ram',
  onChip((p) => p.ramBytes),
);
CURRENCIES.add(
  'latency',
  onChip((p) => p.latencyMs),
);
CURRENCIES.add(
  'energy',
  onChip((p) => p.energyUj),
);
