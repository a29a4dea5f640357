import { type Dataset, takeExamples } from '../data/index.ts';
import { correctness } from '../evaluate.ts';
import { type ChannelGroup, prune } from '../prune/index.ts';
import { toFloat } from '../run/integer.ts';
import { type Context, type Model, pause } from '../stage.ts';

/** Accuracy that is lost when one group alone is cut by `ratio`, without any training. */
export interface Loss {
  readonly ratio: number;
  readonly loss: number;
}

/** By group name: losses by rising ratio, as far as they are worth knowing. */
export type Sensitivity = Readonly<Record<string, readonly Loss[]>>;

const RATIOS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const EXAMPLES = 300;
/** No training brings back more. */
const TOO_MUCH = 0.3;

/** Cuts each group alone by rising ratios and measures, on the first validation examples, what that costs. */
export async function measureSensitivity(
  model: Model,
  groups: readonly ChannelGroup[],
  multiple: number,
  context: Context & { readonly data: Dataset },
): Promise<Sensitivity> {
  const { heap, data, progress, signal } = context;
  const all = data.validation!;
  const validation = takeExamples(
    all,
    Array.from({ length: Math.min(EXAMPLES, all.count) }, (_, i) => Math.floor((i * all.count) / Math.min(EXAMPLES, all.count))),
  );
  const judged = { ...data, validation };
  const accuracyOf = ({ graph }: Model) =>
    correctness(heap, toFloat(graph), judged, 'validation').reduce((a, b) => a + b, 0) / validation.count;
  const given = { ...model, graph: toFloat(model.graph) };
  const before = accuracyOf(given);
  const found: Record<string, Loss[]> = {};
  for (const [i, { name }] of groups.entries()) {
    found[name] = [];
    for (const ratio of RATIOS) {
      const options = {
        ratio: 0,
        ratios: { [name]: ratio },
        criterion: 'reconstruction',
        reconstruct: 'readers',
        multiple,
      } as const;
      const cut = await prune(options).run(model, context);
      const loss = before - accuracyOf(cut);
      found[name].push({ ratio, loss });
      if (loss > TOO_MUCH) break;
    }
    progress?.({ what: 'sensitivity', done: i + 1, total: groups.length });
    await pause(signal);
  }
  return found;
}

/** The ratio at which cutting the group alone costs `allowed`, between measured ones by a straight line, in hundredths. */
export function ratioFor(losses: readonly Loss[], allowed: number): number {
  let before: Loss = { ratio: 0, loss: 0 };
  for (const at of losses) {
    if (at.loss > allowed) {
      const share = Math.max(0, allowed - before.loss) / (at.loss - Math.min(before.loss, allowed));
      return Math.round(100 * (before.ratio + share * (at.ratio - before.ratio))) / 100;
    }
    before = at;
  }
  return before.ratio;
}
