/** Line pictures as SVG text: two axes, and marks in the units of the axes. */
import { type Html, html, raw } from './html.ts';

export interface Scale {
  readonly label: string;
  readonly values: readonly number[];
  /** Where the axis begins and ends, in place of the values' own ends. */
  readonly domain?: readonly [number, number];
  /** Ends at round numbers. */
  readonly nice?: boolean;
  readonly grid?: boolean;
  /** Larger values are lower, or further left. */
  readonly reverse?: boolean;
  readonly whole?: boolean;
}

/** Draws itself: `x` and `y` give places in the picture. */
export type Mark = (at: Places) => Html;

export interface Places {
  x(value: number): number;
  y(value: number): number;
  /** The frame inside the axes. */
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly marks: readonly Mark[];
}

const MARGIN = { left: 48, right: 20, top: 24, bottom: 42 };

const px = (v: number): string => String(Math.round(v * 100) / 100);

export function picture({ width, height, label, x, y, marks }: Picture): Html {
  const frame = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const across = axisOf(x, frame.left, frame.right, Math.round((frame.right - frame.left) / 70));
  const up = axisOf(y, frame.bottom, frame.top, Math.round((frame.bottom - frame.top) / 45));
  const at: Places = { x: across.place, y: up.place, ...frame };
  const lines = (ticks: readonly number[], line: (v: number) => Html) =>
    html`<g class="grid" aria-hidden="true">${ticks.map(line)}</g>`;
  return html`<svg class="picture" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">
${x.grid ? lines(across.ticks, (v) => html`<line x1="${px(at.x(v))}" x2="${px(at.x(v))}" y1="${frame.top}" y2="${frame.bottom}"/>`) : null}
${y.grid ? lines(up.ticks, (v) => html`<line x1="${frame.left}" x2="${frame.right}" y1="${px(at.y(v))}" y2="${px(at.y(v))}"/>`) : null}
<g class="axis" text-anchor="middle">${across.ticks.map((v) => html`<text x="${px(at.x(v))}" y="${frame.bottom + 16}">${across.show(v)}</text>`)}</g>
<g class="axis" text-anchor="end">${up.ticks.map((v) => html`<text x="${frame.left - 6}" y="${px(at.y(v) + 4)}">${up.show(v)}</text>`)}</g>
<text class="axis-label" text-anchor="end" x="${frame.right}" y="${height - 6}">${x.label} →</text>
<text class="axis-label" x="2" y="12">↑ ${y.label}</text>
${marks.map((mark) => mark(at))}
</svg>`;
}

interface Axis {
  readonly ticks: readonly number[];
  readonly place: (value: number) => number;
  readonly show: (value: number) => string;
}

/** @param from place of the least value @param count about how many ticks */
function axisOf({ values, domain, nice, reverse, whole }: Scale, from: number, to: number, count: number): Axis {
  const known = values.length ? values : [0];
  let [low, high] = domain ?? [Math.min(...known), Math.max(...known)];
  if (low === high) {
    const room = Math.abs(low) / 10 || 1;
    low -= room;
    high += room;
  }
  let step = niceStep((high - low) / Math.max(1, count));
  if (whole) step = Math.max(1, step);
  if (nice) {
    low = Math.floor(low / step) * step;
    high = Math.ceil(high / step) * step;
  }
  const digits = step >= 1 ? 0 : Math.min(12, `${step}`.includes('e') ? 12 : (`${step}`.split('.')[1] ?? '').length);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i <= high / step + 1e-9; i++) ticks.push(Number((i * step).toFixed(digits)));
  const [a, b] = reverse ? [high, low] : [low, high];
  const place = (v: number) => from + ((v - a) / (b - a)) * (to - from);
  return { ticks, place, show: (v) => (Math.abs(v) >= 1e5 ? `${Number((v / 1e3).toPrecision(6))}k` : v.toFixed(digits)) };
}

/** 1, 2 or 5 times a power of ten, at least as large. */
function niceStep(least: number): number {
  let power = 1;
  while (power * 10 <= least) power *= 10;
  while (power > least) power /= 10;
  const times = [1, 2, 5, 10].find((t) => t * power >= least * (1 - 1e-9))!;
  return Number((times * power).toPrecision(12));
}

export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly title: string;
}

type Place = Pick<Spot, 'x' | 'y'>;

/** What a mark says when a pointer rests on it. */
const title = (text: string): Html => html`<title>${text}</title>`;

const group = (className: string, body: readonly Html[]): Html =>
  body.length ? html`<g class="${className}">${body}</g>\n` : raw('');

/** Whether a picture has marks of a class. */
export const hasMarks = (drawn: Html, className: string): boolean => drawn.text.includes(`<g class="${className}">`);

export const dots =
  (className: string, spots: readonly Spot[], r: number): Mark =>
  (at) =>
    group(
      className,
      spots.map((s) => html`<circle cx="${px(at.x(s.x))}" cy="${px(at.y(s.y))}" r="${r}">${title(s.title)}</circle>`),
    );

/** Shapes of one form at spots: `diamond`, or a triangle that points `up` or `down`. */
export const shapes =
  (className: string, form: 'diamond' | 'up' | 'down', spots: readonly Spot[], r: number): Mark =>
  (at) =>
    group(
      className,
      spots.map(
        (s) =>
          html`<path transform="translate(${px(at.x(s.x))},${px(at.y(s.y))})" d="${FORMS[form](r)}">${title(s.title)}</path>`,
      ),
    );

const FORMS = {
  diamond: (r: number) => `M0,${-1.4 * r}L${r},0L0,${1.4 * r}L${-r},0Z`,
  up: (r: number) => `M0,${-r}L${r},${r}L${-r},${r}Z`,
  down: (r: number) => `M0,${r}L${r},${-r}L${-r},${-r}Z`,
};

/** A line that keeps each value until the next. */
export const steps =
  (className: string, points: readonly Place[]): Mark =>
  (at) => {
    if (!points.length) return raw('');
    const [first, ...rest] = points;
    const path = rest.map((p) => `H${px(at.x(p.x))}V${px(at.y(p.y))}`).join('');
    return html`<path class="${className}" d="M${px(at.x(first.x))},${px(at.y(first.y))}${path}"/>\n`;
  };

/** A dashed line through the whole frame, with its name. */
export const across =
  (className: string, y: number, name: string): Mark =>
  (at) => {
    const place = px(at.y(y));
    return html`<line class="${className}" stroke-dasharray="4 3" x1="${at.left}" x2="${at.right}" y1="${place}" y2="${place}"/>
<text class="${className}-label" text-anchor="end" x="${at.right - 2}" y="${px(at.y(y) + 14)}">${name}</text>\n`;
  };

export const upright =
  (className: string, x: number, name: string): Mark =>
  (at) => {
    const place = px(at.x(x));
    return html`<line class="${className}" stroke-dasharray="4 3" x1="${place}" x2="${place}" y1="${at.top}" y2="${at.bottom}"/>
<text class="${className}-label" text-anchor="end" x="${px(at.x(x) - 4)}" y="${at.bottom - 5}">${name}</text>\n`;
  };

/** A name beside a spot, on the side where there is room, at the height (above, below, beside) that hides the fewest of the others. */
export const named =
  (className: string, { x, y }: Place, text: string, others: readonly Place[], prefersBelow = false): Mark =>
  (at) => {
    const width = 7 * text.length;
    const isRight = at.x(x) + 12 + width < at.right + 10;
    const place = isRight ? { anchor: 'start', x: at.x(x) + 10 } : { anchor: 'end', x: at.x(x) - 10 };
    const left = isRight ? place.x : place.x - width;
    const hidden = (line: number) =>
      others.filter(
        (o) => at.x(o.x) >= left - 4 && at.x(o.x) <= left + width + 4 && at.y(o.y) >= line - 14 && at.y(o.y) <= line + 5,
      ).length;
    const lines = (prefersBelow ? [16, -9, 4] : [-9, 16, 4]).map((d) =>
      Math.min(Math.max(at.y(y) + d, at.top + 10), at.bottom - 4),
    );
    const line = lines.reduce((best, l) => (hidden(l) < hidden(best) ? l : best));
    return html`<text class="${className}" text-anchor="${place.anchor}" x="${px(place.x)}" y="${px(line)}">${text}</text>\n`;
  };

/** Short marks at the foot. */
export const ticks =
  (className: string, spots: readonly Pick<Spot, 'x' | 'title'>[]): Mark =>
  (at) =>
    group(
      className,
      spots.map(
        (s) =>
          html`<line x1="${px(at.x(s.x))}" x2="${px(at.x(s.x))}" y1="${at.bottom - 10}" y2="${at.bottom}">${title(s.title)}</line>`,
      ),
    );
