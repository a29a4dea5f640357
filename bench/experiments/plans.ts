/** How small networks are made by hand. */
import type { distill } from '../../src/distill/index.ts';
import type { quantize } from '../../src/quant/index.ts';

type Distill = Partial<NonNullable<Parameters<typeof distill>[0]>>;
type Quantize = Partial<NonNullable<Parameters<typeof quantize>[0]>>;

/** Of a kind of training each: after a cut, after the last cut, and with weights of 4 bits. */
type Three<T> = readonly [T, T, T];

export interface Plan {
  readonly job: string;
  /** What cuts save: MACs and weight bytes, by the share that MACs have in it; plain int8 is 1. */
  readonly counts: { readonly macs: number };
  /** Of that, what cuts leave. */
  readonly cutTo: number;
  readonly steps: number;
  /** Numbers of channels that are left are multiples of it. */
  readonly multiple: number;
  /** Weight bytes to be left at the end, or fewer: layers get 4 bits until then. */
  readonly bytes: number;
  readonly epochs: Three<number>;
  readonly learningRates: Three<number>;
  readonly distill: Distill;
  /** Options of one kind of training alone. */
  readonly own?: Partial<Three<Distill>>;
  readonly quantize?: Quantize;
  /** How often the train part is seen in an epoch, beside pictures from elsewhere. */
  readonly times: number;
  /** Whether the validation part is trained on too: only once all is chosen. */
  readonly all?: boolean;
}

const taught = { teacher: 'original', temperature: 2, weight: 0.6, batch: 64 } as const;

/** One way of making a network in several sizes. */
const sized =
  (way: Omit<Plan, 'cutTo' | 'bytes'>) =>
  (cutTo: number, bytes: number): Plan => ({ ...way, cutTo, bytes });

const keywords = sized({
  job: 'ds-cnn',
  counts: { macs: 0 },
  steps: 4,
  multiple: 1,
  epochs: [15, 80, 0],
  learningRates: [0.002, 0.003, 0.001],
  distill: { ...taught, weight: 0.8, batch: 32, augment: { shift: [3, 0], mixup: 1, scale: 0.1 } },
  times: 1,
  all: true,
});

const activities = sized({
  job: 'har',
  counts: { macs: 0 },
  steps: 4,
  multiple: 1,
  epochs: [3, 10, 10],
  learningRates: [0.002, 0.002, 0.001],
  distill: { ...taught, batch: 32, augment: { shift: [8, 0] } },
  quantize: { rounding: 'nearest' },
  times: 1,
});

export const PLANS: Readonly<Record<string, Plan>> = {
  /** For `--pictures`: one training through fake quantization, of what cuts leave. */
  resnet8: {
    job: 'resnet8',
    counts: { macs: 1 },
    cutTo: 0.695,
    steps: 1,
    multiple: 1,
    bytes: 35400,
    epochs: [0, 0, 1.8],
    learningRates: [0.002, 0.002, 0.002],
    distill: { ...taught, temperature: 4, weight: 0.7, batch: 32, augment: { flip: true, shift: 3 } },
    times: 1,
  },
  'ds-cnn': keywords(0.5, 8000),
  'ds-cnn, larger': keywords(0.55, 9600),
  digits: {
    job: 'digits',
    counts: { macs: 0 },
    cutTo: 0.68,
    steps: 1,
    multiple: 1,
    bytes: 2048,
    epochs: [0, 16, 8],
    learningRates: [0.003, 0.004, 0.002],
    distill: { ...taught, augment: { shift: 1 } },
    quantize: { rounding: 'nearest' },
    times: 1,
  },
  vww: {
    job: 'vww',
    counts: { macs: 0 },
    cutTo: 0.115,
    steps: 2,
    multiple: 1,
    bytes: 16000,
    epochs: [5, 20, 15],
    learningRates: [0.0005, 0.001, 0.0005],
    distill: { ...taught, batch: 32, augment: { flip: true, shift: 6 } },
    times: 1,
  },
  har: activities(0.5, 5000),
  'har, smaller': activities(0.35, 3000),
  'har, smallest': activities(0.25, 2000),
};
