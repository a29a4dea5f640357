import * as v from 'valibot';
import { CompressError } from '../errors.ts';
import { named, option, optional } from '../options/index.ts';
import { CRITERIA } from './criteria.ts';
import { CURRENCIES } from './currencies.ts';
import { BLOCK_CRITERIA } from './drop_blocks.ts';
import { type Pattern, WEIGHT_CRITERIA } from './weights.ts';

const ratio = v.pipe(v.number(), v.minValue(0), v.ltValue(1));

/** 2:4 */
const PATTERN = /^([1-9]\d?):([1-9]\d?)$/;

export const pruneSchema = v.object({
  kind: option(
    v.picklist(['channels', 'blocks', 'weights']),
    'channels',
    'what goes: channels with all that is tied to them, whole residual branches and layers (blocks), or single weights, which stay in place as zeros (weights)',
  ),
  ratio: option(
    ratio,
    0.5,
    'share that is cut: of the channels or weights of each group or layer (scope group) or of all together (scope global), or of the layers (kind blocks)',
    { search: { low: 0.05, high: 0.7 } },
  ),
  ratios: option(
    v.record(v.string(), ratio),
    {},
    'another share for one group, by the first layer that makes its channels (kind weights: for one layer); may be repeated',
  ),
  criterion: optional(
    named(CRITERIA),
    'what makes a channel important (reconstruction; l2 without data), a block (sensitivity-logits), a weight (l1)',
    { search: { choices: ['reconstruction', 'l2', 'activation'] } },
  ),
  scope: option(
    v.picklist(['group', 'global']),
    'group',
    'the share holds for each group (kind weights: layer), or for all together',
  ),
  currency: option(
    named(CURRENCIES),
    'channels',
    'with scope global and kind channels: what the share is of, and what cuts are compared by: importance lost for each part of it saved',
  ),
  target: optional(v.string(), 'the chip whose flash, RAM, latency or energy is saved', {
    text: { form: 'mcu', parse: (text) => text },
  }),
  blocks: option(
    v.array(v.string()),
    [],
    'leave out this block, by its layer or by the sum that its branch ends in; may be repeated',
    {
      text: { flag: 'block', form: 'name', parse: (text, before = []) => [...(before as string[]), text] },
    },
  ),
  pattern: optional(
    v.pipe(v.string(), v.regex(PATTERN)),
    'with kind weights: N:M, of M weights in a row N stay (2:4), in place of a share',
    { text: { form: 'n:m', parse: (text) => text } },
  ),
  reconstruct: option(
    v.picklist(['none', 'consumers', 'network']),
    'network',
    'which layers take over, by least squares over data, what was cut contributed: consumers of the channels (consumers), or these and ' +
      'then all layers after the cut, one after another (network); passed over without data',
  ),
  rounds: option(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
    1,
    'with scope group: cut in so many equal steps, and measure again after each what is important',
  ),
  multiple: option(
    v.pipe(v.number(), v.integer(), v.minValue(1)),
    1,
    'the number of channels left in a group is a multiple of it, where at least that many are left',
  ),
});

export type Options = v.InferOutput<typeof pruneSchema>;

/** What of other kinds an option belongs to, and criteria that a kind cannot have. @throws CompressError `bad-option` */
export function checkTogether(o: Options): void {
  const bad = (what: string, fix: string) => new CompressError('bad-option', `prune: ${what}`, fix);
  const currency = CURRENCIES.get(o.currency);
  const inCurrency = o.currency !== 'channels';
  if (inCurrency && (o.kind !== 'channels' || o.scope !== 'global'))
    throw bad(
      `currency ${o.currency} has a meaning for channels that are compared all together`,
      'add --scope global, with --kind channels',
    );
  if (currency?.needsTarget && o.target === undefined)
    throw bad(`${o.currency} is that of a chip, and none is named`, 'add --target (see `thumbnet targets`)');
  if (o.rounds > 1 && (o.scope !== 'group' || o.kind !== 'channels'))
    throw bad(`${o.rounds} rounds are those of cuts of each group`, 'leave out --scope global, with --kind channels');
  if (o.blocks.length && o.kind !== 'blocks') throw bad('blocks are named', 'add --kind blocks');
  if (o.pattern && o.kind !== 'weights') throw bad(`pattern ${o.pattern} is one of single weights`, 'add --kind weights');
  if (o.pattern && patternOf(o.pattern)!.n >= patternOf(o.pattern)!.m)
    throw bad(`pattern ${o.pattern} cuts nothing`, 'give N:M with N below M, as 2:4');
  const own = { channels: null, blocks: BLOCK_CRITERIA, weights: WEIGHT_CRITERIA }[o.kind];
  if (o.criterion && own && !own.includes(o.criterion))
    throw bad(
      `${o.kind} cannot be ranked by "${o.criterion}", which is a measure of channels`,
      `choose --criterion ${own.join(', ')}`,
    );
}

export const patternOf = (text: string | undefined): Pattern | null => {
  const [, n, m] = PATTERN.exec(text ?? '') ?? [];
  return n ? { n: Number(n), m: Number(m) } : null;
};
