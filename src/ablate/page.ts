/** An ablation as one HTML page that needs no network. The same ablation gives the same bytes. */
import { type Html, html } from '../report/html.ts';
import { writePage } from '../report/page.ts';
import { bytes, count, digits, milliseconds } from '../report/units.ts';
import { metricOf } from '../task/index.ts';
import { movesOf } from './interactions.ts';
import type { Ablation, Against, ArmResults, ArmRun, Interval } from './schema.ts';

/** Mean of a figure over the runs of an arm, and its range. */
export function spreadOf({ runs }: Pick<ArmResults, 'runs'>, of: (run: ArmRun) => number) {
  const values = runs.map(of);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, low: Math.min(...values), high: Math.max(...values) };
}

/** Where the adaptive search wins, where it loses, where one is smaller and the other better, and where there is no difference. */
export function verdictText({ arms, samples, seeds }: Ablation): string {
  const compared = arms.filter((a) => a.adaptive);
  if (compared.length === 0) return 'The adaptive search was not among the arms.';
  const list = (words: string) =>
    compared
      .filter((a) => wordsOf(a.adaptive!) === words)
      .map((a) => a.arm)
      .join(', ');
  const [wins, loses, less, more, none] = ['wins', 'loses', LESS, MORE, 'no difference'].map(list);
  return [
    `At ${count(samples)} training samples and ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'} the adaptive search beats ${wins || 'no arm'}.`,
    ...(loses ? [`It is worse than ${loses}.`] : []),
    ...(less ? [`It ${LESS} than ${less}.`] : []),
    ...(more ? [`It ${MORE} than ${more}.`] : []),
    ...(none ? [`No difference is shown from ${none}.`] : []),
  ].join(' ');
}

const [LESS, MORE] = ['costs less and answers worse', 'costs more and answers better'];

/** What is shown of the adaptive search, against an arm. */
export const wordsOf = ({ verdict, cost }: Against): string => (verdict === 'trade' ? (cost.high < 0 ? LESS : MORE) : verdict);

const WHAT =
  'Objective: mean of the needs as shares of the model in plain int8, less is better. The adaptive search is compared with each arm: its objective less that of the arm, and its quality on the test part less that of the arm, with 95 % intervals over seeds and test examples (paired draws). It wins where one is shown to be better and the other not shown to be worse. Goal held: runs that keep it on the test part. An arm of fixed order tries four shares of channels and trains after each method; what it does not quantize is quantized plainly. P: pruning, Q: quantization, KD: knowledge distillation.';

export function writeAblation(found: Ablation): string {
  const title = `Ablation of ${found.model}`;
  return writePage(
    title,
    html`<main>
<header><h1>${title}</h1>
<p class="lead">${jobText(found)}</p>
<p>${whole(verdictText(found))}</p></header>
${armSection('Arms', found)}
${interactionTables(found)}
</main>`,
  );
}

/** The same as a part of a report. */
export const ablationPart = (found: Ablation): Html => html`${armSection(
  'What each method is worth',
  found,
  html`<p>${whole(verdictText(found))}</p><p class="soft">By <code>thumbnet ablate</code>. ${found.model} on ${jobText(found)}</p>`,
)}
${interactionTables(found)}`;

function jobText({ target, data, examples, given, metric }: Ablation): string {
  const { show, label } = metricOf(metric);
  return `${target}. Data: ${data}, ${examples} test examples. As given: ${label} ${show(given.validation)} on validation, ${show(given.test)} on test.`;
}

const armSection = (title: string, found: Ablation, lead: Html | null = null): Html => html`<section><h2>${title}</h2>
${lead}<p class="soft">${WHAT}</p>
<div class="wide">${armTable(found)}</div>
${found.arms.some((a) => a.adaptive) ? html`<div class="wide">${againstTable(found)}</div>` : null}</section>`;

function armTable(found: Ablation): Html {
  const { show, label } = metricOf(found.metric);
  const plain: ArmResults = { arm: 'plain int8', runs: [found.plain], adaptive: null };
  const cells = (arm: ArmResults) => {
    const of = (what: (run: ArmRun) => number, text: (v: number) => string) => {
      const { mean, low, high } = spreadOf(arm, what);
      return html`<td>${text(mean)}${low === high ? null : html` <small>(${text(low)} to ${text(high)})</small>`}</td>`;
    };
    return html`<tr>${headOf(arm)}${of(
      (r) => r.cost,
      (v) => v.toFixed(3),
    )}${of((r) => r.figures.weightBytes, bytes)}${of((r) => r.figures.macs, count)}
${of((r) => r.test, show)}<td>${heldText(arm)}</td>${of((r) => r.figures.quality ?? Number.NaN, show)}
${of((r) => r.figures.flashBytes, bytes)}${of((r) => r.figures.ramBytes, bytes)}${of((r) => r.figures.latencyMs, milliseconds)}</tr>`;
  };
  const quality = `${label[0].toUpperCase()}${label.slice(1)}`;
  const heads = [
    'Objective',
    'Weights',
    'MACs',
    `${quality}, test`,
    'Goal held',
    `${quality}, validation`,
    'Flash',
    'RAM',
    'Latency',
  ];
  return html`<table>${caption(
    `${count(found.samples)} training samples for each run; seeds ${found.seeds.join(', ')}. Means; in brackets the range over seeds.`,
  )}<thead><tr><th scope="col" class="text">Arm</th>${heads.map((h) => html`<th scope="col">${h}</th>`)}</tr></thead>
<tbody>${[plain, ...found.arms].map(cells)}</tbody></table>`;
}

function againstTable({ arms, metric }: Ablation): Html {
  const percent = metricOf(metric).inPercent ? 100 : 1;
  const rows = arms.flatMap((arm) =>
    arm.adaptive
      ? [
          html`<tr>${headOf(arm)}<td class="text">${wordsOf(arm.adaptive)}</td><td>${differenceText(arm.adaptive.cost)}</td><td>${differenceText(arm.adaptive.score, percent)}</td></tr>`,
        ]
      : [],
  );
  return html`<table>${caption('The adaptive search against each arm; in brackets the 95 % interval.')}<thead><tr><th scope="col" class="text">Arm</th><th scope="col" class="text">The adaptive search</th><th scope="col">Objective</th><th scope="col">Quality on test${percent === 1 ? '' : ', points'}</th></tr></thead>
<tbody>${rows}</tbody></table>`;
}

function headOf(arm: ArmResults): Html {
  const order = ordersOf(arm).join(', ');
  return html`<th scope="row" class="text">${whole(arm.arm)}${order && whole(` (${order})`)}${arm.source && html` <small>${arm.source}</small>`}</th>`;
}

const caption = (text: string): Html => html`<caption><span>${text}</span></caption>`;

/** Text in which names of orders are not broken at their hyphens. */
const whole = (text: string): Html =>
  html`${text.split(/((?:[A-Z]+-)+[A-Z]+)/).map((part, i) => (i % 2 ? html`<span style="white-space:nowrap">${part}</span>` : part))}`;

/** The arms that an arm chose by seed, where it only chooses. */
export const ordersOf = ({ runs }: ArmResults): string[] => [...new Set(runs.flatMap((r) => r.order ?? []))];

/** Runs whose goal holds on the test part: `2 of 3`. */
export const heldText = ({ runs }: ArmResults): string => `${runs.filter((r) => r.held).length} of ${runs.length}`;

/** @param times 100 for points of a share */
export function differenceText(found: Interval | undefined, times = 1): string {
  if (!found) return '–';
  const text = (v: number) => (times * v).toFixed(times === 1 ? 3 : 1);
  return `${text(found.difference)} (${text(found.low)} to ${text(found.high)})`;
}

function interactionTables({ interactions, metric }: Ablation): Html | null {
  if (!interactions) return null;
  const { kinds, recoveries, ratio } = interactions;
  const { show } = metricOf(metric);
  const moved = kinds.flatMap(({ kind, ranges }) => {
    if (!ranges.length) return [];
    const { width, schemes } = movesOf(ranges);
    return [html`<tr><th scope="row">${kind}</th><td>${digits(width)}</td><td>${schemes} of ${ranges.length}</td></tr>`];
  });

  return html`<section><h2>How the methods act on each other</h2>
<p class="soft">Measured on train and validation parts.</p>
<div class="wide"><table>${caption(`Each kind of pruning cuts ${Math.round(100 * ratio)} % of a quantized network; its quality in floats and in integers.`)}<thead><tr><th scope="col" class="text">Pruned</th><th scope="col">MACs</th><th scope="col">In float</th><th scope="col">In int8</th></tr></thead>
<tbody>${kinds.map((k) => html`<tr><th scope="row">${k.kind}</th><td>${Math.round(100 * k.macs)} %</td><td>${show(k.float)}</td><td>${show(k.integer)}</td></tr>`)}</tbody></table></div>
<div class="wide"><table>${caption('Ranges of activations after pruning.')}<thead><tr><th scope="col" class="text">Pruned</th><th scope="col">Width, of that before</th><th scope="col">Tensors whose scheme was chosen anew</th></tr></thead><tbody>${moved}</tbody></table></div>
<div class="wide"><table>${caption('What distillation recovers after a cut, by who teaches.')}<thead><tr><th scope="col" class="text">Channels cut</th><th scope="col" class="text">Teacher</th><th scope="col">Given</th><th scope="col">After the cut</th><th scope="col">Distilled</th></tr></thead>
<tbody>${recoveries.map((r) => html`<tr><th scope="row">${Math.round(100 * r.degree)} %</th><td class="text">${r.teacher}</td><td>${show(r.given)}</td><td>${show(r.cut)}</td><td>${show(r.distilled)}</td></tr>`)}</tbody></table></div></section>`;
}
