import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Figures, History, TrialRow } from './history.ts';
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
  readonly trial: TrialRow;
}

/** Quality against a resource for every trial that was measured; the line joins those that no other one beats in both. */
export function tradeOff(history: History, axis: Axis): Html {
  const quality = qualityView(history);
  const spots = history.trials.flatMap((trial): Spot[] => {
    const at = trial.figures && place(trial.figures, axis, quality);
    return at ? [{ ...at, trial, title: describe(trial, axis, quality) }] : [];
  });
  const plain = spots.filter(({ trial }) => trial.stages.length === 1 && trial.stages[0] === 'quantize').slice(0, 1);
  const chosen = spots.filter((s) => s.trial.number === history.chosen);
  const { factor, lower, label } = quality.axis;
  const goal = history.goal.minAccuracy === null ? null : factor * history.goal.minAccuracy;
  const shown = lower ? clipHigh(spots, goal) : clipLow(spots, goal, factor);
  const inside = spots.filter(shown.inside);
  return draw(`${quality.label} against ${axis.label} of every trial`, {
    width: 460,
    height: 320,
    x: { label: axis.label, zero: false, nice: true, grid: true },
    y: { label, domain: shown.domain, nice: true, grid: true, reverse: lower },
    marks: [
      ...(goal === null ? [] : goalMarks(goal)),
      Plot.line(frontier(inside, lower), { className: 'front', x: 'x', y: 'y', curve: 'step-after' }),
      ...(['stopped', 'complete'] as const).map((state) =>
        Plot.dot(
          inside.filter((s) => s.trial.state === state),
          { className: `trial ${state}`, x: 'x', y: 'y', r: state === 'complete' ? 3.5 : 2.5, title: 'title' },
        ),
      ),
      Plot.dot(chosen, { className: 'chosen', x: 'x', y: 'y', r: 7, title: 'title' }),
      Plot.dot(plain, { className: 'baseline', x: 'x', y: 'y', r: 5, symbol: 'diamond', title: 'title' }),
      named(plain, 'baseline-label', 'plain int8 PTQ', { textAnchor: 'end', dx: 6, dy: -12 }),
      named(chosen, 'chosen-label', 'result', { textAnchor: 'start', dx: 10, dy: 10 }),
    ],
  });
}

const goalMarks = (y: number): Plot.Markish[] => [
  Plot.ruleY([y], { className: 'goal', strokeDasharray: '4 3' }),
  Plot.text(['goal'], { className: 'goal-label', y: [y], frameAnchor: 'right', textAnchor: 'end', dx: -2, dy: 9 }),
];

const named = (spots: readonly Spot[], className: string, text: string, where: Plot.TextOptions): Plot.Markish =>
  Plot.text(spots, { className, x: 'x', y: 'y', text: () => text, ...where });

/** The first picture of the report as an SVG file of its own, light or dark as its reader is. */
export function standalonePicture(history: History): string {
  const style = `${COLOURS}${PICTURE_STYLE}svg { background: var(--paper); color: var(--soft); font: 12px system-ui, sans-serif; }`;
  const svg = tradeOff(history, AXES[0]).text.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ');
  return `${svg.replace('>', `><style>${style}</style>`)}\n`;
}

/** Objective of each trial in the order they ran, and the best so far. Failed and rejected trials are ticks at the foot. */
export function progress(history: History): Html {
  const measured = history.trials.filter((t) => t.objective !== null && t.state !== 'rejected');
  let best = Number.POSITIVE_INFINITY;
  const steps = measured.map((t) => {
    best = Math.min(best, t.objective!);
    return { number: t.number, best };
  });
  const last = history.trials.at(-1);
  if (steps.length && last && last.number > steps.at(-1)!.number) steps.push({ number: last.number, best });
  const ceiling =
    quantile(
      measured.map((t) => t.objective!).sort((a, b) => a - b),
      0.9,
    ) * 1.15;
  return draw('Objective of each trial and the best so far', {
    width: 940,
    height: 260,
    x: { label: 'Trial', nice: false, tickFormat: (d: number) => (Number.isInteger(d) ? String(d) : '') },
    y: { label: 'Objective (lower is better)', grid: true, nice: true },
    marks: [
      Plot.dot(measured, {
        className: 'trial complete',
        x: 'number',
        y: (t: TrialRow) => Math.min(t.objective!, ceiling),
        r: 3,
        title: (t: TrialRow) => `trial ${t.number}: ${t.objective!.toPrecision(4)}, ${t.stages.join(' → ')}`,
      }),
      Plot.tickX(
        history.trials.filter((t) => t.state === 'rejected' || t.state === 'failed'),
        { className: 'rejected', x: 'number', title: (t: TrialRow) => `trial ${t.number}: ${t.state}`, insetTop: 180 },
      ),
      Plot.line(steps, { className: 'front', x: 'number', y: 'best', curve: 'step-after' }),
    ],
  });
}

function place(figures: Figures, axis: Axis, quality: QualityView): { x: number; y: number } | null {
  const [x, y] = [figures[axis.key], quality.of(figures)];
  return x === null || y === null ? null : { x: x / axis.unit, y: quality.axis.factor * y };
}

function describe(trial: TrialRow, axis: Axis, quality: QualityView): string {
  const { figures } = trial;
  return `trial ${trial.number}: ${trial.stages.join(' → ') || 'as it came'}\n${quality.show(quality.of(figures!))}, ${axis.show(figures![axis.key])}`;
}

/** Values far under the better half would flatten the picture: it begins above them. */
function clipLow(spots: readonly { y: number }[], goal: number | null, most: number) {
  const ys = spots.map((s) => s.y).sort((a, b) => a - b);
  if (!ys.length) return { domain: undefined, inside: () => true };
  const top = Math.max(ys[ys.length - 1], goal ?? 0);
  const reach = Math.max(0.04 * most, 2.5 * (top - quantile(ys, 0.5)));
  const low = Math.min(goal ?? top, Math.max(ys[0], top - reach));
  const from = Math.max(0, low - 0.005 * most);
  return { domain: [from, Math.min(most, top + 0.005 * most)], inside: (s: { y: number }) => s.y >= from };
}

/** Errors far over the better half, likewise. */
function clipHigh(spots: readonly { y: number }[], goal: number | null) {
  const ys = spots.map((s) => s.y).sort((a, b) => a - b);
  if (!ys.length) return { domain: undefined, inside: () => true };
  const least = Math.min(ys[0], goal ?? ys[0]);
  const reach = Math.max(0.2 * least, 2.5 * (quantile(ys, 0.5) - least));
  const most = Math.max(goal ?? least, Math.min(ys[ys.length - 1], least + reach));
  return { domain: [0.98 * least, 1.02 * most], inside: (s: { y: number }) => s.y <= 1.02 * most };
}

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? 0;

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
