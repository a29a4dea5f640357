import { type Clip, clipHigh, clipLow, quantile } from './clip.ts';
import type { History, ModelMetrics, TrialRow } from './history.ts';
import type { Html } from './html.ts';
import { type QualityView, qualityView } from './quality.ts';
import { COLOURS, PICTURE_STYLE } from './style.ts';
import { across, dots, type Mark, named, picture, type Spot as Place, shapes, steps, ticks, upright } from './svg.ts';
import { bytes, microjoules, milliseconds, turnsText } from './units.ts';

/** Pictures are drawn once, into SVG, by the same code in Node and in a browser; colours come from the page's style sheet. */

export interface Axis {
  readonly key: 'flashBytes' | 'ramBytes' | 'latencyMs' | 'energyUj';
  /** Within a sentence. */
  readonly name: string;
  readonly label: string;
  readonly unit: number;
  readonly show: (n: number | null) => string;
}

export const AXES: readonly Axis[] = [
  { key: 'flashBytes', name: 'flash', label: 'Flash (KiB)', unit: 1024, show: bytes },
  { key: 'latencyMs', name: 'latency', label: 'Latency (ms)', unit: 1, show: milliseconds },
  { key: 'ramBytes', name: 'RAM', label: 'RAM (KiB)', unit: 1024, show: bytes },
  { key: 'energyUj', name: 'energy', label: 'Energy (µJ)', unit: 1, show: microjoules },
];

interface Spot extends Place {
  /** Whether it keeps what is asked of it. */
  readonly feasible: boolean;
}

/** Quality against a resource for every trial that was measured; the line joins those that no other one beats in both. */
export function tradeOff(history: History, axis: Axis): Html {
  const quality = qualityView(history);
  const { chosen, plain, trials } = history;
  const spot = (figures: ModelMetrics | null, name: string, feasible: boolean): Spot[] => {
    const at = figures && place(figures, axis, quality);
    return at
      ? [{ ...at, feasible, title: `${name}\n${quality.show(quality.of(figures))}, ${axis.show(figures[axis.key])}` }]
      : [];
  };
  const tried = trials.flatMap((t) =>
    spot(t.figures, `trial ${t.number}: ${turnsText(t.stages) || 'the model as given'}`, t.feasible),
  );
  const result = chosen ? spot(chosen.figures, resultText(history), history.goal.reached) : [];
  const ptq = plain ? spot(plain.figures, 'plain int8 PTQ', plain.misses.length === 0) : [];
  const { factor, lower, label } = quality.axis;
  const goal = history.goal.floor === null ? null : factor * history.goal.floor;
  const all = [...tried, ...ptq, ...result].map((s) => s.y);
  const shown = [...result.map((s) => s.y), ...(goal === null ? [] : [goal])];
  const clip = lower ? clipHigh(all, shown) : clipLow(all, shown, factor);
  const inside = tried.filter((s) => clip.isInside(s.y));
  const ptqShown = ptq.map((s) => ({ ...s, y: clip.isInside(s.y) ? s.y : clip.edge }));
  const beyond = tried.filter((s) => !clip.isInside(s.y));
  const drawn = [...inside, ...ptqShown, ...result];
  const marks = [
    ...(goal === null ? [] : [across('goal', goal, 'goal')]),
    ...budgetMarks(history, axis, [...tried, ...ptq, ...result]),
    steps('front', frontier(inside, lower)),
    ...feasibleDots(inside),
    shapes(
      'clipped',
      'down',
      beyond.map((s) => ({ ...s, y: clip.edge })),
      3.5,
    ),
    dots('chosen', result, 7),
    shapes('baseline', 'diamond', ptqShown, 4.5),
    ...ptqShown.map((s) => named('baseline-label', s, ptqText(history, ptq, clip), drawn)),
    ...result.map((s) => named('chosen-label', s, resultText(history), drawn, true)),
  ];
  const xs = [...drawn, ...beyond].map((s) => s.x).concat(budgetOf(history, axis, [...tried, ...ptq, ...result]));
  const best = result.length ? ` The ${resultText(history)} has ${result[0].title.split('\n')[1]}.` : '';
  return picture({
    label: `${quality.label} against ${axis.label} of ${tried.length} trials.${best}`,
    width: 460,
    height: 320,
    x: { label: axis.label, values: xs, nice: true, grid: true },
    y: {
      label,
      values: drawn.map((s) => s.y).concat(goal ?? []),
      domain: clip.domain,
      nice: true,
      grid: true,
      reverse: lower,
    },
    marks,
  });
}

/** `result: trial 12`; a job that failed has none, only what came nearest. */
export const resultText = ({ chosen, goal }: History): string =>
  `${goal.reached ? 'result' : 'nearest'}: ${chosen?.trial == null ? 'plain int8' : `trial ${chosen.trial}`}`;

function ptqText(history: History, [spot]: readonly Spot[], clip: Clip): string {
  const misses = history.plain?.misses.length ? ', rejected' : '';
  if (!spot || clip.isInside(spot.y)) return `plain int8 PTQ${misses}`;
  const quality = qualityView(history);
  return `plain int8 PTQ${misses}: ${quality.show(quality.of(history.plain!.figures))}, outside`;
}

/** Full where a trial keeps what is asked, else a ring. */
const feasibleDots = (spots: readonly Spot[]): Mark[] =>
  [false, true].map((feasible) =>
    dots(
      `trial ${feasible ? 'feasible' : 'missed'}`,
      spots.filter((s) => s.feasible === feasible),
      3.2,
    ),
  );

/** A budget far right of everything would flatten the picture; the header says what it is. */
const FAR = 1.25;

function budgetOf({ goal }: History, axis: Axis, spots: readonly Spot[]): number[] {
  const budget = goal.budgets[axis.key];
  if (budget === undefined || budget / axis.unit > FAR * Math.max(...spots.map((s) => s.x))) return [];
  return [budget / axis.unit];
}

const budgetMarks = (history: History, axis: Axis, spots: readonly Spot[]): Mark[] =>
  budgetOf(history, axis, spots).map((x) => upright('goal', x, 'budget'));

/** The first picture of the report as an SVG file of its own, light or dark as its reader is. */
export function standalonePicture(history: History): string {
  const style = `${COLOURS}${PICTURE_STYLE}svg { background: var(--paper); color: var(--soft); font: 12px system-ui, sans-serif; }`;
  const svg = tradeOff(history, AXES[0]).text.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ');
  return `${svg.replace('>', `><style>${style}</style>`)}\n`;
}

/** Objective of each trial in the order they ran, and the best so far of those that keep what is asked. Failed trials are ticks at the foot. */
export function progress(history: History): Html {
  const measured = history.trials.filter((t) => t.objective !== null);
  const values = measured.map((t) => t.objective!).sort((a, b) => a - b);
  const ceiling = 1.15 * Math.max(quantile(values, 0.9), ...measured.filter((t) => t.feasible).map((t) => t.objective!));
  const spots = measured.map((t) => ({
    x: t.number,
    y: t.objective!,
    feasible: t.feasible,
    title: `trial ${t.number}: ${t.objective!.toPrecision(4)}, ${turnsText(t.stages)}`,
  }));
  const chosen = spots.filter((s) => s.x === history.chosen?.trial && s.y <= ceiling);
  const inside = spots.filter((s) => s.y <= ceiling);
  const beyond = spots.filter((s) => s.y > ceiling).map((s) => ({ ...s, y: ceiling }));
  const failed = history.trials
    .filter((t) => t.state === 'failed')
    .map((t: TrialRow) => ({ x: t.number, title: `trial ${t.number}: failed` }));
  const best = bestSoFar(history.trials).map(({ number, best }) => ({ x: number, y: best }));
  const last = best.at(-1);
  return picture({
    label: `Objective of ${history.trials.length} trials and the best so far${last ? `, at the end ${Number(last.y.toPrecision(4))}` : ''}.`,
    width: 940,
    height: 260,
    x: { label: 'Trial', values: history.trials.map((t) => t.number), whole: true },
    y: { label: 'Objective (lower is better)', values: [...inside, ...beyond].map((s) => s.y), grid: true, nice: true },
    marks: [
      ...feasibleDots(inside),
      shapes('clipped', 'up', beyond, 3.5),
      ticks('failed', failed),
      steps('front', best),
      dots('chosen', chosen, 6),
    ],
  });
}

/** What the best was after each trial, from the first that keeps what is asked to the last. */
export function bestSoFar(
  trials: readonly Pick<TrialRow, 'number' | 'objective' | 'feasible'>[],
): { number: number; best: number }[] {
  let best = Number.POSITIVE_INFINITY;
  return trials.flatMap(({ number, objective, feasible }) => {
    if (feasible && objective !== null) best = Math.min(best, objective);
    return Number.isFinite(best) ? [{ number, best }] : [];
  });
}

function place(figures: ModelMetrics, axis: Axis, quality: QualityView): { x: number; y: number } | null {
  const [x, y] = [figures[axis.key], quality.of(figures)];
  return x === null || y === null ? null : { x: x / axis.unit, y: quality.axis.factor * y };
}

/** Spots that no other beats in both directions, from left to right. */
function frontier(spots: readonly Spot[], lower: boolean): Spot[] {
  const up = (s: Spot) => (lower ? -s.y : s.y);
  const ordered = [...spots].sort((a, b) => a.x - b.x || up(b) - up(a));
  let best = Number.NEGATIVE_INFINITY;
  return ordered.filter((s) => {
    if (up(s) <= best) return false;
    best = up(s);
    return true;
  });
}
