import type { History, LayerRow, ModelMetrics, TrialRow } from './history.ts';
import { type Html, html } from './html.ts';
import { type QualityView, qualityView } from './quality.ts';
import { bytes, count, microjoules, milliseconds, ratio, turnsText } from './units.ts';

interface Line {
  readonly key: Exclude<keyof ModelMetrics, 'quality'>;
  readonly label: string;
  readonly show: (n: number | null) => string;
}

export const RESOURCES: readonly Line[] = [
  { key: 'flashBytes', label: 'Flash', show: bytes },
  { key: 'ramBytes', label: 'RAM', show: bytes },
  { key: 'latencyMs', label: 'Latency', show: milliseconds },
  { key: 'energyUj', label: 'Energy per inference', show: microjoules },
  { key: 'macs', label: 'Multiply-accumulates', show: count },
  { key: 'weightBytes', label: 'Weight bytes', show: bytes },
];

/** A line for each figure, a column for each model, and how far the last is from each one before it. */
export function summaryTable(history: History): Html {
  const { rows, data } = history;
  const quality = qualityView(history);
  const result = rows[rows.length - 1];
  const others = rows.slice(0, -1);
  const last = (i: number) => (i === rows.length - 1 ? 'key' : null);
  return html`<div class="wide"><table>
<caption><span>${quality.label} is measured on ${data.test} test examples that no stage and no trial has seen.</span></caption>
<thead><tr><th scope="col" class="text">Figure</th>${rows.map((r, i) => html`<th scope="col" class="${last(i)}">${r.label}</th>`)}
${others.map((r) => html`<th scope="col">against<br>${r.label}</th>`)}</tr></thead>
<tbody>${RESOURCES.map(
    ({ key, label, show }) => html`<tr><th scope="row">${label}</th>
${rows.map((r, i) => html`<td class="${last(i)}">${show(r.figures[key])}</td>`)}
${others.map((r) => change(ratio(r.figures[key], result.figures[key])))}</tr>`,
  )}
<tr><th scope="row">${quality.label}</th>${rows.map((r, i) => html`<td class="${last(i)}">${quality.show(quality.of(r.figures))}</td>`)}
${others.map((r) => html`<td>${quality.change(quality.of(r.figures), quality.of(result.figures))}</td>`)}</tr></tbody></table></div>`;
}

function change(text: string): Html {
  const kind = text.endsWith('less') ? 'less' : text.endsWith('more') ? 'more' : null;
  return html`<td class="${kind}">${text}</td>`;
}

/** Layers of the model as given beside those of the result, matched by name. */
export function layerTable({ layersBefore, layersAfter }: History): Html {
  const after = new Map(layersAfter.map((l) => [l.name, l]));
  const before = new Map(layersBefore.map((l) => [l.name, l]));
  const pairs = [
    ...layersBefore.map((l): [LayerRow, LayerRow | null] => [l, after.get(l.name) ?? null]),
    ...layersAfter.filter((l) => !before.has(l.name)).map((l): [null, LayerRow] => [null, l]),
  ];
  const most = Math.max(1, ...[...layersBefore, ...layersAfter].map((l) => l.macs));
  const sum = (layers: readonly LayerRow[], key: 'macs' | 'weightBytes') => layers.reduce((n, l) => n + l[key], 0);
  return html`<div class="wide"><table class="layers">
<caption><span>Each layer as given → in the result. Bits are those of weights / activations; the bar compares multiply-accumulates.</span></caption>
<thead><tr><th scope="col" class="text">Layer</th><th scope="col" class="text">Operator</th><th scope="col">Channels</th>
<th scope="col">MACs</th><th scope="col">Latency</th><th scope="col">Weight bytes</th><th scope="col">Bits</th></tr></thead>
<tbody>${pairs.map(([a, b]) => layerLine(a, b, most))}</tbody>
<tfoot><tr><th scope="row" class="text">All layers</th><td></td><td></td>
<td>${arrow(count(sum(layersBefore, 'macs')), count(sum(layersAfter, 'macs')))}</td>
<td>${arrow(milliseconds(timeOf(layersBefore)), milliseconds(timeOf(layersAfter)))}</td>
<td>${arrow(bytes(sum(layersBefore, 'weightBytes')), bytes(sum(layersAfter, 'weightBytes')))}</td><td></td></tr></tfoot></table></div>`;
}

/** Of all layers; null where one has none. */
const timeOf = (layers: readonly LayerRow[]): number | null =>
  layers.every((l) => l.latencyMs != null) ? layers.reduce((n, l) => n + l.latencyMs!, 0) : null;

function layerLine(a: LayerRow | null, b: LayerRow | null, most: number): Html {
  const one = (a ?? b)!;
  const both = (show: (l: LayerRow) => string) => arrow(a ? show(a) : 'new', b ? show(b) : 'gone');
  const share = (l: LayerRow | null) => ((100 * (l?.macs ?? 0)) / most).toFixed(1);
  const bar = html`<span class="bar" aria-hidden="true"><i style="width:${share(a)}%"></i><i style="width:${share(b)}%"></i></span>`;
  return html`<tr><th scope="row" class="text">${one.name}</th><td class="text">${one.op}</td>
<td>${both((l) => String(l.shape.at(-1) ?? 1))}</td>
<td>${both((l) => count(l.macs))}${one.macs ? bar : null}</td>
<td>${both((l) => milliseconds(l.latencyMs))}</td><td>${both((l) => bytes(l.weightBytes))}</td><td>${both(bits)}</td></tr>`;
}

const bits = (l: LayerRow): string => {
  if ((l.weightBits ?? 32) === 32 && (l.activationBits ?? 32) === 32) return 'float';
  return `${l.weightBits ?? '–'} / ${l.activationBits ?? '–'}`;
};

const arrow = (a: string, b: string): string => (a === b ? a : `${a} → ${b}`);

export function trialTable(history: History): Html {
  const { trials, chosen } = history;
  const quality = qualityView(history);
  return html`<details><summary>${trials.length === 1 ? 'The only trial' : `All ${trials.length} trials`}</summary><div class="wide"><table class="trials">
<caption><span>${quality.label} here is that of the validation part, which the search looks at.</span></caption>
<thead><tr><th scope="col">Trial</th><th scope="col" class="text">Stages</th><th scope="col" class="text">State</th><th scope="col">${quality.label}</th>
<th scope="col">Flash</th><th scope="col">RAM</th><th scope="col">Latency</th><th scope="col">Objective</th></tr></thead>
<tbody>${trials.map((t) => trialLine(t, t.number === chosen?.trial, quality))}</tbody></table></div></details>`;
}

function trialLine(t: TrialRow, chosen: boolean, quality: QualityView): Html {
  const f = t.figures;
  const state = chosen ? 'chosen' : t.state === 'failed' ? 'failed' : t.feasible ? 'keeps the goal' : 'misses the goal';
  const kind = t.state === 'failed' ? 'failed' : t.feasible ? 'keeps' : 'misses';
  // data-v is what the column is sorted by
  const cell = (value: number | null | undefined, text: string) => html`<td data-v="${value ?? ''}">${text}</td>`;
  return html`<tr class="${chosen ? 'key' : null}" data-state="${kind}">${cell(t.number, `${t.number}${chosen ? ' ★' : ''}`)}<td class="text prose">${turnsText(t.stages) || '–'}</td><td class="text">${state}</td>
${cell(f && quality.of(f), quality.show(f && quality.of(f)))}${cell(f?.flashBytes, bytes(f?.flashBytes))}${cell(f?.ramBytes, bytes(f?.ramBytes))}${cell(f?.latencyMs, milliseconds(f?.latencyMs))}
${cell(t.objective, t.objective === null ? '–' : t.objective.toPrecision(4))}</tr>`;
}
