import type { History } from './history.ts';
import { type Html, html, raw } from './html.ts';
import { classTable, deploySteps, digestList, importanceView, lossTable, memoryView } from './details.ts';
import { writePage } from './page.ts';
import { AXES, progress, resultText, tradeOff } from './pictures.ts';
import { qualityView } from './quality.ts';
import { SCRIPT, SCRIPT_DIGEST } from './script.ts';
import { layerTable, RESOURCES, summaryTable, trialTable } from './tables.ts';
import { hasMarks } from './svg.ts';
import { bytes, ratio, runsOf } from './units.ts';

export { type History, type LayerRow, type ModelMetrics, parseHistory, type TrialRow } from './history.ts';
export type { Html } from './html.ts';
export { bestSoFar, standalonePicture } from './pictures.ts';

/**
 * A compression as one self-contained HTML page, readable from disk with no network. A small script sorts and filters the trials;
 * without it all is there. The same history gives the same bytes.
 *
 * @param history bytes, ms, µJ, shares 0..1; `parseHistory` reads one from `history.json`
 * @param more    sections from elsewhere
 */
export function writeReport(history: History, more: Html | null = null): string {
  const content = html`<main class="${history.goal.reached ? null : 'failed-job'}">
${head(history)}
${section('Result', summaryTable(history))}
${history.trials.length ? section('What the search found', pictures(history)) : null}
${section('Recipe', recipe(history))}
${part('Memory', memoryView(history))}
${part('Classes', classTable(history))}
${history.layersBefore.length ? section('Layer by layer', layerTable(history)) : null}
${part('What rounding costs', lossTable(history))}
${more}
${part('Onto the chip', deploySteps(history))}
${section('Do it again', again(history))}
${history.notes.length ? section('Notes', html`<ul>${history.notes.map((n) => html`<li>${n}</li>`)}</ul>`) : null}
${foot(history)}
</main>${history.trials.length ? html`<script>${raw(SCRIPT)}</script>` : null}`;
  return writePage(`${history.title} – Thumbnet report`, content, SCRIPT_DIGEST);
}

const part = (title: string, body: Html | null): Html | null => body && section(title, body);
const section = (title: string, body: Html): Html => html`<section><h2>${title}</h2>\n${body}</section>`;

function head(history: History): Html {
  const { title, target, goal, rows, data, metric } = history;
  const quality = qualityView(history);
  const result = rows[rows.length - 1].figures;
  const against = rows[Math.max(0, rows.length - 2)];
  const cards = RESOURCES.filter(({ key }) => key !== 'energyUj').map(
    ({ key, label, show }) =>
      html`<li><b>${show(result[key])}</b><span>${label}, ${ratio(against.figures[key], result[key])}</span></li>`,
  );
  const { accuracy } = result;
  const spread = accuracy === null ? 0 : Math.sqrt((accuracy * (1 - accuracy)) / Math.max(1, data.test));
  const isAccuracy = (metric ?? 'accuracy') === 'accuracy';
  const [was, is] = [against.figures, result].map(quality.of);
  return html`<header><h1>${title}</h1>
<p class="lead">${target.name}: ${target.core} at ${target.clockMhz} MHz, ${bytes(target.flashBytes)} flash, ${bytes(target.ramBytes)} RAM${
    target.runtime ? `, runtime ${target.runtime}` : null
  }.${budgetText(history)} Data: ${data.name}.</p>
<p><span class="verdict ${goal.reached ? null : 'missed'}">${goal.reached ? 'Goal reached' : 'Goal not reached'}</span> ${goal.text}</p>
<ul class="cards"><li><b>${quality.show(is)}</b><span>${quality.label}${isAccuracy ? ` ± ${(100 * spread).toFixed(1)}` : null}, ${quality.change(was, is)}</span></li>${cards}</ul>
<p class="soft">Compared with ${against.label}${isAccuracy ? '. ± is the standard error' : ','} on ${data.test} test examples.</p></header>`;
}

function pictures(history: History): Html {
  const failed = history.trials.filter((t) => t.state === 'failed').length;
  const { label } = qualityView(history);
  const drawn = AXES.filter(({ key }) => history.trials.some((t) => t.figures?.[key] != null)).slice(0, 2);
  const kept = history.trials.filter((t) => t.feasible).length;
  const search = progress(history);
  return html`<p>${history.trials.length} ${history.trials.length === 1 ? 'trial' : 'trials'}${failed ? `, of which ${failed} failed` : null}; ${kept} ${kept === 1 ? 'keeps' : 'keep'} what is asked. Each is the best candidate of an arm of the search. ${label} in these pictures, and the goal, is that of ${history.data.validation} validation examples.</p>
${plainText(history)}
<div class="pair">${drawn.map((axis) => {
    const picture = tradeOff(history, axis);
    const beyond = hasMarks(picture, 'clipped') ? '; triangles lie outside the picture' : null;
    return html`<figure>${picture}<figcaption>${label} against ${axis.name}. The large dot is the ${resultText(history)}. Full dots keep what is asked,
rings do not${beyond}. The line joins the trials that no other beats in both.</figcaption></figure>`;
  })}</div>
<h2>Search history</h2>
<figure class="wide">${search}<figcaption>Objective of each trial: what it needs as a share of plain int8 PTQ, weighted, and more for quality that is missing. The line is the best so far of those that keep what is asked with their margin.${
    hasMarks(search, 'clipped') ? ' Triangles lie above the picture.' : null
  }${hasMarks(search, 'failed') ? ' Red ticks are trials that failed.' : null}</figcaption></figure>
${trialTable(history)}
${importanceView(history)}`;
}

/** Why quantization alone was not enough, where it was not. */
function plainText({ plain }: History): Html | null {
  if (!plain?.misses.length) return null;
  return html`<p>Plain int8 PTQ was rejected: ${plain.misses.join('; ')}.</p>`;
}

/** Budgets of the caller, as the header says them. */
function budgetText({ goal: { budgets } }: History): Html | null {
  const said = RESOURCES.flatMap(({ key, label, show }) => {
    const budget = key === 'accuracy' ? undefined : budgets[key];
    return budget === undefined ? [] : [`${show(budget)} ${label.toLowerCase().replace('ram', 'RAM')}`];
  });
  return said.length ? html` Budget: ${said.join(', ')}.` : null;
}

function recipe({ recipe: { stages } }: History): Html {
  if (!stages.length) return html`<p>No stage: the model is unchanged.</p>`;
  let first = 1;
  const cards = runsOf(stages, (a, b) => a.name === b.name).map((run) => {
    const number = run.length > 1 ? `${first}–${first + run.length - 1}` : `${first}`;
    first += run.length;
    const keys = [...new Set(run.flatMap((s) => Object.keys(s.parameters)))];
    return html`<li><h3><span>${number}.</span> ${run[0].name}${run.length > 1 ? `, ${run.length} times` : null}</h3><dl>${keys.map(
      (key) => html`<dt>${key}</dt><dd>${inOrder(run.map((s) => s.parameters[key]))}</dd>`,
    )}</dl></li>`;
  });
  return html`<p class="soft">In the order in which they run; an arrow leads from one stage to the next of its kind. Options are those that <code>thumbnet ${stages[0].name} --help</code> explains, and so for each.</p>
<ol class="steps">${cards}</ol>`;
}

/** A parameter of stages that follow each other: once where it is the same in all. */
function inOrder(values: readonly unknown[]): Html {
  const texts = values.map((value) =>
    value === undefined ? ['–'] : value !== null && typeof value === 'object' ? nested(value) : [said(value)],
  );
  const lines = texts.every((t) => String(t) === String(texts[0]))
    ? texts[0]
    : texts.some((t) => t.length > 1)
      ? texts.map((t, i) => `${i ? '→ ' : ''}${t.join(', ')}`)
      : [texts.join(' → ')];
  return html`${lines.map((line, i) => [i ? raw('<br>') : null, line])}`;
}

/** A list or a table of values within a parameter. */
function nested(value: object): string[] {
  const parts = Array.isArray(value) ? value.map(said) : Object.entries(value).map(([k, v]) => `${k} ${said(v)}`);
  return parts.length ? parts : ['–'];
}

/** A parameter's value; numbers to four digits, as the recipe's file has the rest. */
const said = (v: unknown): string =>
  typeof v === 'number' ? String(Number(v.toPrecision(4))) : v !== null && typeof v === 'object' ? JSON.stringify(v) : String(v);

function again(history: History): Html {
  const { command, seed, versions, files, goal } = history;
  const described = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const weights = Object.entries(goal.objective).flatMap(([name, weight]) => (weight === 0 ? [] : `${name} ${weight}`));
  return html`<pre><code>${command}</code></pre>
<dl><dt>Seed</dt><dd>${seed}</dd><dt>Objective</dt><dd>${weights.join(', ')}</dd><dt>Versions</dt><dd>${described.join(', ')}</dd>
${Object.entries(files ?? {}).map(([what, path]) => html`<dt>${what}</dt><dd><a href="${encodeURI(path)}">${path}</a></dd>`)}</dl>
${digestList(history)}`;
}

const foot = ({ created, versions }: History): Html =>
  html`<footer>Made by Thumbnet ${versions.thumbnet ?? null}${
    created ? ` on ${created}` : null
  }. Figures are those of the runtime named. Of the C that Thumbnet writes, memory and constants are exact; code, latency and energy are models, whose error <code>thumbnet profile</code> tells.</footer>`;
