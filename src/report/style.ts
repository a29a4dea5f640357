/** The page's style sheet. Colours are named once for light and once for dark; pictures use the same names. */
export const COLOURS = `:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f6f7f9; --line: #dfe3e8; --ink: #16191d; --soft: #5b6570;
  --accent: #0b6e4f; --accent-soft: #d8efe6; --mark: #b45309; --dot: #7c8ea3; --bad: #b42318;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121518; --card: #1b2025; --line: #2e353c; --ink: #e8ebee; --soft: #9aa5b1;
    --accent: #4cc79b; --accent-soft: #173c30; --mark: #f0a35e; --dot: #6f8298; --bad: #f97066;
  }
}
`;

export const PICTURE_STYLE = `
.grid line { stroke: var(--line); }
.axis text, .axis-label { fill: var(--soft); }
.trial { fill: var(--dot); stroke: none; }
.trial.missed { fill: none; stroke: var(--dot); stroke-width: 1; }
.clipped { fill: none; stroke: var(--dot); stroke-width: 1; }
.given-line { fill: none; stroke: var(--dot); stroke-width: 1; }
.step { fill: var(--accent); }
.front { fill: none; stroke: var(--accent); stroke-width: 2; }
.chosen { fill: var(--accent); stroke: var(--paper); stroke-width: 2; }
.baseline { fill: var(--mark); stroke: var(--paper); stroke-width: 1.5; }
.goal { stroke: var(--mark); }
.failed { stroke: var(--bad); stroke-opacity: .6; }
.chosen-label, .baseline-label, .goal-label { stroke: var(--paper); stroke-width: 4; paint-order: stroke; font-weight: 600; }
.chosen-label { fill: var(--accent); }
.baseline-label, .goal-label { fill: var(--mark); }
.failed-job .chosen, .failed-job .chosen-label { fill: var(--bad); }
`;

export const STYLE = `${COLOURS}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .35rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 3rem 0 .75rem; }
p { margin: .4rem 0 .8rem; max-width: 44rem; }
.lead { color: var(--soft); margin-bottom: 1.5rem; }
.soft, figcaption, caption { color: var(--soft); font-size: .875rem; }
.verdict { display: inline-block; font-weight: 600; border-radius: 1rem; padding: .1rem .7rem; background: var(--accent-soft); color: var(--accent); }
.verdict.missed { background: none; border: 1px solid var(--bad); color: var(--bad); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(16rem, 45%), 1fr)); gap: .75rem; margin: 1.25rem 0 .5rem; padding: 0; list-style: none; }
.cards li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem .9rem; }
.cards b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
.cards span { color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9375rem; }
caption { text-align: left; padding-bottom: .5rem; }
caption span { display: inline-block; position: sticky; left: 0; max-width: calc(100vw - 2.5rem); }
th, td { padding: .45rem .75rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: baseline; white-space: nowrap; }
th { font-weight: 600; }
thead th { vertical-align: bottom; white-space: normal; }
thead th { border-bottom: 2px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
.text { text-align: left; }
.key { background: var(--accent-soft); }
tbody th { text-align: left; }
.less { color: var(--accent); font-weight: 600; }
.more { color: var(--bad); }
.failed-job .less { color: inherit; font-weight: inherit; }
.failed-job .key { background: var(--card); }
.bar { display: block; height: .3rem; margin-top: .25rem; min-width: 7rem; background: var(--line); border-radius: .15rem; position: relative; }
.bar i { position: absolute; inset: 0 auto 0 0; border-radius: .15rem; background: var(--dot); }
.bar i + i { background: var(--accent); }
figure { margin: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1.5rem; }
svg.picture { width: 100%; height: auto; overflow: visible; font-size: 12px; color: var(--soft); }
figure.wide svg.picture { min-width: 36rem; }
${PICTURE_STYLE}
.steps { list-style: none; padding: 0; margin: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: .75rem; }
.steps > li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.steps h3 { margin: 0 0 .4rem; font-size: 1rem; }
.steps h3 span { color: var(--soft); font-weight: 400; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem .9rem; margin: 0; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
details { margin-top: 1rem; }
.prose { white-space: normal; min-width: 16rem; }
.wide + .wide, .wide + figure { margin-top: 1.5rem; }
.deploy { padding-left: 1.2rem; }
.deploy pre { margin: .35rem 0 .9rem; }
table.layers { font-size: .875rem; }
table.layers :is(th, td):not(:first-child, :last-child) { padding-inline: .45rem; }
thead button { all: unset; cursor: pointer; font-weight: 600; }
thead button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
thead button::after { content: ' ↕'; color: var(--dot); }
[aria-sort=ascending] button::after { content: ' ↑'; color: var(--accent); }
[aria-sort=descending] button::after { content: ' ↓'; color: var(--accent); }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; max-width: none; font-size: .9rem; }
.filter select, .filter input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .35rem; padding: .2rem .4rem; }
.filter output { color: var(--soft); }
summary { cursor: pointer; font-weight: 600; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
a { color: var(--accent); }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem; }
@media (max-width: 40rem) {
  table { font-size: .8125rem; }
  :is(th, td):not(:first-child, :last-child) { padding-inline: .4rem; }
  tbody th { white-space: normal; }
}
@media print { details { display: block; } .cards li, .steps > li, pre { break-inside: avoid; } }
`;
