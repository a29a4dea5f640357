import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Clip, clipHigh, clipLow, quantile } from './clip.ts';
import type { History, ModelMetrics, TrialRow } from './history.ts';
import { type Html, raw } from './html.ts';
import { type QualityView, qualityView } from './quality.ts';
import { COLOURS, PICTURE_STYLE } from './style.ts';
import { bytes, microjoules, milliseconds } from './units.ts';

/** Pictures are drawn once, into SVG, by the same code in Node and in a browser; colours come from the page's style sheet. */

export interface Axis {
  readonly key: 'flashBytes' | 'ramBytes' | 'latencyMs' | 'energyUj';
  readonly label: string;
  readonly unit: number;
  readonly show: (n: number | null) => string;
}

export const AXES: readonly Axis[] = [
  { key: 'flashBytes', label: 'Flash (KiB)', unit: 1024, show: bytes },
  { key: 'latencyMs', label: 'Latency (ms)', unit: 1, show: milliseconds },
  { key: 'ramBytes', label: 'RAM (KiB)', unit: 1024, show: bytes },
  { key: 'energyUj', label: 'Energy (µJ)', unit: 1, show: microjoules },
];

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly title: string;
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
    spot(t.figures, `trial ${t.number}: ${t.stages.join(' → ') || 'the model as given'}`, t.feasible),
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
  return draw(`${quality.label} against ${axis.label} of every trial`, {
    width: 460,
    height: 320,
    x: { label: axis.label, zero: false, nice: true, grid: true },
    y: { label, domain: clip.domain, nice: true, grid: true, reverse: lower },
    marks: [
      ...(goal === null ? [] : goalMarks(goal)),
      ...budgetMarks(history, axis, [...tried, ...ptq, ...result]),
      Plot.line(frontier(inside, lower), { className: 'front', x: 'x', y: 'y', curve: 'step-after' }),
      ...dots(inside),
      outside(
        tried.filter((s) => !clip.isInside(s.y)),
        clip.edge,
      ),
      Plot.dot(result, { className: 'chosen', x: 'x', y: 'y', r: 7, title: 'title' }),
      Plot.dot(ptqShown, { className: 'baseline', x: 'x', y: 'y', r: 5, symbol: 'diamond', title: 'title' }),
      named(ptqShown, 'baseline-label', ptqText(history, ptq, clip), { textAnchor: 'end', dx: 6, dy: -12 }),
      named(result, 'chosen-label', resultText(history), { textAnchor: 'start', dx: 10, dy: 10 }),
    ],
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
const dots = (spots: readonly Spot[]): Plot.Markish[] =>
  [false, true].map((feasible) =>
    Plot.dot(
      spots.filter((s) => s.feasible === feasible),
      { className: `trial ${feasible ? 'feasible' : 'missed'}`, x: 'x', y: 'y', r: 3.2, title: 'title' },
    ),
  );

/** Values beyond the axis, as triangles at its end. */
const outside = (spots: readonly Pick<Spot, 'x' | 'title'>[], edge: number, up = false): Plot.Markish =>
  Plot.dot(spots, {
    className: 'clipped',
    x: 'x',
    y: () => edge,
    r: 3.5,
    symbol: 'triangle',
    rotate: up ? 0 : 180,
    title: 'title',
  });

const goalMarks = (y: number): Plot.Markish[] => [
  Plot.ruleY([y], { className: 'goal', strokeDasharray: '4 3' }),
  Plot.text(['goal'], { className: 'goal-label', y: [y], frameAnchor: 'right', textAnchor: 'end', dx: -2, dy: 9 }),
];

/** A budget far right of everything would flatten the picture; the header says what it is. */
const FAR = 1.25;

function budgetMarks({ goal }: History, axis: Axis, spots: readonly Spot[]): Plot.Markish[] {
  const budget = goal.budgets[axis.key];
  if (budget === undefined || budget / axis.unit > FAR * Math.max(...spots.map((s) => s.x))) return [];
  const x = budget / axis.unit;
  return [
    Plot.ruleX([x], { className: 'goal', strokeDasharray: '4 3' }),
    Plot.text(['budget'], { className: 'goal-label', x: [x], frameAnchor: 'bottom', textAnchor: 'end', dx: -4, dy: -4 }),
  ];
}

const named = (spots: readonly Spot[], className: string, text: string, where: Plot.TextOptions): Plot.Markish =>
  Plot.text(spots, { className, x: 'x', y: 'y', text: () => text, ...where });

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
    title: `trial ${t.number}: ${t.objective!.toPrecision(4)}, ${t.stages.join(' → ')}`,
  }));
  const chosen = spots.filter((s) => s.x === history.chosen?.trial && s.y <= ceiling);
  return draw('Objective of each trial and the best so far', {
    width: 940,
    height: 260,
    x: { label: 'Trial', nice: false, tickFormat: (d: number) => (Number.isInteger(d) ? String(d) : '') },
    y: { label: 'Objective (lower is better)', grid: true, nice: true },
    marks: [
      ...dots(spots.filter((s) => s.y <= ceiling)),
      outside(
        spots.filter((s) => s.y > ceiling),
        ceiling,
        true,
      ),
      Plot.tickX(
        history.trials.filter((t) => t.state === 'failed'),
        { className: 'failed', x: 'number', title: (t: TrialRow) => `trial ${t.number}: failed`, insetTop: 180 },
      ),
      Plot.line(bestSoFar(history.trials), { className: 'front', x: 'number', y: 'best', curve: 'step-after' }),
      Plot.dot(chosen, { className: 'chosen', x: 'x', y: 'y', r: 6, title: 'title' }),
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

function draw(label: string, options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({
    marginLeft: 44,
    marginRight: 20,
    marginBottom: 42,
    ...options,
    document: document as unknown as Document,
    className: 'picture',
    ariaLabel: label,
  });
  svg.setAttribute('role', 'img');
  for (const name of ['font-family', 'font-size']) svg.removeAttribute(name);
  for (const style of svg.querySelectorAll('style')) style.remove();
  return raw(svg.outerHTML);
}
