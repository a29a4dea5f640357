/** What an engineer asks behind the summary: memory by what it holds, classes, losses by layer, what decided, how to the chip, digests. */
import type { History } from './history.ts';
import { type Html, html } from './html.ts';
import { across, dots, type Mark, picture, type Spot, steps } from './svg.ts';
import { bytes, percent, UNKNOWN } from './units.ts';

const PARTS: Readonly<Record<string, string>> = {
  weights: 'weights',
  biases: 'biases',
  tables: 'tables of multipliers and shifts',
  code: 'code of kernels',
  runtime: 'the runtime itself',
  arena: 'arena: activations and scratch',
  state: 'state kept between calls',
  io: 'inputs and outputs',
  stack: 'stack',
};

/** Flash and RAM by what they hold, and RAM over time; nothing for histories that lack them. */
export function memoryView(history: History): Html | null {
  const { memory } = history;
  if (!memory) return null;
  const split = (kind: 'flash' | 'ram', label: string) => {
    const names = Object.keys(PARTS).filter((name) => memory.before[kind][name] || memory.after[kind][name]);
    const sum = (side: 'before' | 'after') => names.reduce((n, name) => n + (memory[side][kind][name] ?? 0), 0);
    const line = (name: string) => html`<tr><th scope="row" class="text">${PARTS[name]}</th>
<td>${bytes(memory.before[kind][name] ?? 0)}</td><td class="key">${bytes(memory.after[kind][name] ?? 0)}</td>
<td>${percent((memory.after[kind][name] ?? 0) / Math.max(1, sum('after')))}</td></tr>`;
    return html`<div class="wide"><table><caption><span>${label} of the model as given and of the result.</span></caption>
<thead><tr><th scope="col" class="text">${label}</th><th scope="col">As given</th><th scope="col" class="key">Result</th><th scope="col">Share of it</th></tr></thead>
<tbody>${names.map(line)}</tbody><tfoot><tr><th scope="row" class="text">All</th><td>${bytes(sum('before'))}</td><td class="key">${bytes(sum('after'))}</td><td></td></tr></tfoot></table></div>`;
  };
  return html`${split('flash', 'Flash')}\n${memory.note ? html`<p class="soft">${memory.note}</p>` : null}${split('ram', 'RAM')}\n${timeline(history)}`;
}

/** Bytes in use while each layer runs. */
function timeline({ layersBefore, layersAfter, target }: History): Html | null {
  const values = (layers: History['layersAfter']) => layers.flatMap((l) => (l.ramBytes == null ? [] : [l.ramBytes / 1024]));
  const [before, after] = [values(layersBefore), values(layersAfter)];
  if (!after.length) return null;
  const spots = (sizes: readonly number[], layers: History['layersAfter']): Spot[] =>
    sizes.map((y, i) => ({ x: i + 1, y, title: `${i + 1}. ${layers[i].name}: ${bytes(1024 * y)}` }));
  const ends = (sizes: readonly Spot[]) => [...sizes, ...sizes.slice(-1).map((s) => ({ ...s, x: s.x + 1 }))];
  const limit = target.ramBytes / 1024;
  const most = Math.max(...before, ...after);
  const shown: Mark[] = limit <= 2 * most ? [across('goal', limit, 'RAM of the chip')] : [];
  const peak = (sizes: readonly number[]) => bytes(1024 * Math.max(...sizes));
  const drawn = picture({
    label: `RAM in use while each layer runs: at most ${peak(after)}${before.length ? `, of the model as given ${peak(before)}` : ''}.`,
    width: 940,
    height: 240,
    x: { label: 'Layer', values: [1, Math.max(before.length, after.length) + 1], whole: true },
    y: { label: 'RAM (KiB)', values: [0, most, ...(shown.length ? [limit] : [])], nice: true, grid: true },
    marks: [
      ...shown,
      steps('given-line', ends(spots(before, layersBefore))),
      steps('front', ends(spots(after, layersAfter))),
      dots('trial feasible', spots(before, layersBefore), 2.5),
      dots('step', spots(after, layersAfter), 3),
    ],
  });
  return html`<figure class="wide">${drawn}<figcaption>Bytes alive in RAM while each layer runs, in order: the result (strong line) and the model as given (thin line).</figcaption></figure>`;
}

/** Recall of each class before and after. */
export function classTable({ classes, data }: History): Html | null {
  if (!classes) return null;
  const change = (a: number | null, b: number | null) => (a === null || b === null ? null : 100 * (b - a));
  const text = (points: number | null) =>
    points === null
      ? UNKNOWN
      : Math.abs(points) < 0.05
        ? 'the same'
        : `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)} points`;
  const lines = classes.after.map((after, i) => {
    const before = classes.before[i] ?? null;
    const points = change(before, after);
    return html`<tr><th scope="row" class="text">${classes.names?.[i] ?? `class ${i}`}</th><td>${percent(before)}</td>
<td class="key">${percent(after)}</td><td class="${points !== null && points < -0.05 ? 'more' : null}">${text(points)}</td></tr>`;
  });
  return html`<div class="wide"><table><caption><span>Share of the examples of each class that are answered rightly (recall), of ${data.test} test examples.</span></caption>
<thead><tr><th scope="col" class="text">Class</th><th scope="col">As given</th><th scope="col" class="key">Result</th><th scope="col">Change</th></tr></thead>
<tbody>${lines}</tbody></table></div>`;
}

/** What rounding costs in each layer, and why. */
export function lossTable({ losses }: History): Html | null {
  if (!losses?.layers.length) return null;
  const decibels = (db: number | null) => (db === null ? UNKNOWN : `${db.toFixed(1)} dB`);
  return html`<div class="wide"><table><caption><span>Signal to quantization noise, in dB (more is better), against the same network in floats on ${losses.examples} examples of the train part;
that of the answers is ${decibels(losses.answersDb)}. “Alone”: of the answers, were only this rounded.</span></caption>
<thead><tr><th scope="col" class="text">Layer</th><th scope="col">Output bits</th><th scope="col">Output</th><th scope="col">Output alone</th><th scope="col">Weights alone</th><th scope="col" class="text">Cause</th></tr></thead>
<tbody>${losses.layers.map(
    (
      l,
    ) => html`<tr><th scope="row" class="text">${l.name}</th><td>${l.bits}</td><td>${decibels(l.outputDb)}</td><td>${decibels(l.outputAloneDb)}</td>
<td>${decibels(l.weightsAloneDb)}</td><td class="text prose">${l.cause ?? UNKNOWN}</td></tr>`,
  )}</tbody></table></div>`;
}

/** How much each parameter of the search decided. */
export function importanceView({ importance }: History): Html | null {
  const shares = Object.entries(importance ?? {}).filter(([, share]) => share >= 0.01);
  if (!shares.length) return null;
  return html`<details><summary>Which parameters decided</summary><div class="wide"><table>
<caption><span>Share by which each parameter tells the best tenth of the trials from all of them (PED-ANOVA).</span></caption>
<thead><tr><th scope="col" class="text">Parameter</th><th scope="col">Share</th></tr></thead>
<tbody>${shares.map(
    ([name, share]) =>
      html`<tr><th scope="row" class="text">${name}<span class="bar" aria-hidden="true"><i style="width:0"></i><i style="width:${(100 * share).toFixed(1)}%"></i></span></th><td>${percent(share)}</td></tr>`,
  )}</tbody></table></div></details>`;
}

/** From the file to the chip. */
export function deploySteps({ deploy }: History): Html | null {
  if (!deploy?.length) return null;
  return html`<ol class="deploy">${deploy.map(({ what, command }) => html`<li>${what}<pre><code>${command}</code></pre></li>`)}</ol>`;
}

export function digestList({ digests }: History): Html | null {
  const all = Object.entries(digests ?? {});
  if (!all.length) return null;
  return html`<dl>${all.map(([what, digest]) => html`<dt>SHA-256 of ${what}</dt><dd><code>${digest}</code></dd>`)}</dl>`;
}
