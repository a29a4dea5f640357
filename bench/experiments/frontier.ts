/**
 * Accuracy against weight bytes of the networks of README.md's section "small" beside published ones: `frontier.svg`. Published accuracies are of
 * whole test sets, ours of the parts that README.md names: a distance of a point between the two says little.
 *
 *     node --import tsx bench/experiments/frontier.ts
 */
import { writeFileSync } from 'node:fs';
import { COLOURS, PICTURE_STYLE } from '../../src/report/style.ts';
import { dots, named, picture, type Spot } from '../../src/report/svg.ts';
import { readTable } from './sections.ts';

/** Parameters of 8 bits stand for bytes where a source gives no others. */
interface Published {
  readonly name: string;
  readonly kilobytes: number;
  readonly accuracy: number;
}

const of = (name: string, kilobytes: number, accuracy: number): Published => ({ name, kilobytes, accuracy });

/** By the beginning of the plans' names. Sources: mlcommons/tiny and its results v0.7, stm32ai-modelzoo, jsvir/sparknet, cpldcpu/BitNetMCU, BidyutSaha/TinyTNAS. */
const PANELS: readonly { readonly title: string; readonly plans: string; readonly published: readonly Published[] }[] = [
  {
    title: 'CIFAR-10',
    plans: 'resnet8',
    published: [of('ResNet8 int8', 78.8, 87.65), of('ST zoo, int8', 78.7, 85.59), of('ST zoo, hybrid v2', 67.9, 84.85)],
  },
  {
    title: 'Keywords',
    plans: 'ds-cnn',
    published: [
      ...[of('DS-CNN int8', 24.4, 92.6), of('Alibaba, MLPerf Tiny open', 7.2, 90.7), of('SparkNet 16', 4.6, 95.7)],
      ...[of('SparkNet 8', 2.3, 92.1), of('BC-ResNet-1', 9.2, 96.9), of('TinySpeech-Z', 2.7, 92.4)],
    ],
  },
  {
    title: 'MNIST',
    plans: 'digits',
    published: [of('BitNetMCU 16', 3.2, 98.92), of('BitNetMCU 16 wide', 5.4, 99.06), of('697 parameters, float', 0.7, 99.03)],
  },
  {
    title: 'Persons (VWW)',
    plans: 'vww',
    published: [of('without dead channels', 29.2, 85.4), of('Alibaba, MLPerf Tiny open', 11.2, 80.3)],
  },
  {
    title: 'UCI HAR',
    plans: 'har',
    published: [of('HAR-CNN int8', 14.2, 91.3), of('TinyTNAS', 19.3, 93.4)],
  },
];

const [WIDTH, HEIGHT] = [560, 260];

/** Rows of the table: plan, bytes (share), MACs, accuracy %, ... */
const ours = readTable('small')
  .slice(1)
  .map(([name, bytes, , accuracy]) => ({
    name,
    kilobytes: Number.parseFloat(bytes) / 1000,
    accuracy: Number.parseFloat(accuracy),
  }));

const spotOf = ({ name, kilobytes, accuracy }: Published): Spot => ({
  x: kilobytes,
  y: accuracy,
  title: `${name}: ${accuracy} %, ${kilobytes} KB`,
});

const panels = PANELS.map((p) => ({ ...p, own: ours.filter(({ name }) => name.startsWith(p.plans)) })).filter(
  (p) => p.own.length,
);
const drawn = panels.map(({ title, own, published }, i) => {
  const [given, made] = [published.map(spotOf), own.map(spotOf)];
  const all = [...given, ...made];
  const names = [
    ...published.map((p, k) => named('baseline-label', given[k], p.name, all, true)),
    ...made.map((m) => named('chosen-label', m, 'Thumbnet', all)),
  ];
  const { text } = picture({
    ...{ width: WIDTH, height: HEIGHT, label: `${title}: accuracy against weight bytes` },
    x: { label: 'weights (KB)', values: all.map((s) => s.x), domain: [0, Math.max(...all.map((s) => s.x))], nice: true },
    y: { label: `${title}: accuracy (%)`, values: all.map((s) => s.y), nice: true, grid: true },
    marks: [dots('baseline', given, 4), dots('chosen', made, 6), ...names],
  });
  return text.replace('<svg ', `<svg y="${i * HEIGHT}" `);
});

const style = `${COLOURS}${PICTURE_STYLE}svg { background: var(--paper); color: var(--soft); font: 12px system-ui, sans-serif; }`;
const size = [WIDTH, HEIGHT * panels.length];
writeFileSync(
  new URL('./frontier.svg', import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Accuracy against weight bytes" viewBox="0 0 ${size.join(' ')}" width="${size[0]}" height="${size[1]}"><style>${style}</style>\n${drawn.join('\n')}\n</svg>\n`,
);
