import { createRandom } from '../../src/random.ts';
import { type Case, ONE } from './geometry.ts';

const CHANNELS = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 27, 32, 40, 48, 60, 64, 80, 96, 128];
/** Windows of convolutions. */
export const FILTERS = [
  [3, 3],
  [3, 3],
  [3, 3],
  [5, 5],
  [2, 2],
  [1, 3],
  [3, 1],
  [4, 4],
  [10, 4],
  [7, 7],
  [5, 3],
  [1, 1],
];
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 20, 24, 25, 28, 32, 49];
const LIMIT = 100 * 1024;

type Window = Pick<Case, 'h' | 'w' | 'fh' | 'fw' | 'sh' | 'sw' | 'dh' | 'dw'>;

/** Output size and padding before, as TFLite reckons them. */
function padded(x: Window, same: boolean) {
  const one = (size: number, f: number, stride: number, dilation: number) => {
    const span = (f - 1) * dilation + 1;
    const out = same ? Math.ceil(size / stride) : Math.floor((size - span) / stride) + 1;
    return { out, before: same ? Math.max(0, ((out - 1) * stride + span - size) >> 1) : 0 };
  };
  const y = one(x.h, x.fh, x.sh, x.dh);
  const z = one(x.w, x.fw, x.sw, x.dw);
  return { oh: y.out, ow: z.out, ph: y.before, pw: z.before };
}

function macsOf(c: Case): number {
  const outputs = c.n * c.oh * c.ow * c.oc;
  if (/^(dot|fully)/.test(c.kernel)) return c.n * c.h * c.w * c.c * c.oc;
  if (/^(convolve|transpose_conv)/.test(c.kernel)) return (outputs * c.fh * c.fw * c.c) / c.groups;
  return outputs * c.fh * c.fw;
}

function fits(c: Case): boolean {
  const bytes = /s16/.test(c.kernel) ? 2 : 1;
  const weights = /^depthwise/.test(c.kernel) ? c.fh * c.fw * c.oc : (c.fh * c.fw * c.c * c.oc) / c.groups;
  return (
    c.oh > 0 &&
    c.ow > 0 &&
    bytes * c.n * c.h * c.w * c.c <= LIMIT &&
    bytes * c.n * c.oh * c.ow * c.oc <= LIMIT / 2 &&
    weights <= LIMIT &&
    c.fh * c.fw * c.c <= 12000 &&
    macsOf(c) <= 2_500_000
  );
}

type Picker = <T>(from: readonly T[]) => T;
/** Adds `count` cases of a kernel that fit; `make` returns null for a draw of no use. */
type Draw = (kernel: string, count: number, make: (pick: Picker) => Partial<Case> | null) => void;

/** Geometries of each kernel, drawn from one seed and the number of cases before: another order of families gives other cases. */
export function instructionCases(): Case[] {
  const cases: Case[] = [];
  const draw: Draw = (kernel, count, make) => {
    const random = createRandom(7, kernel + cases.length);
    const pick: Picker = (from) => from[random.below(from.length)];
    for (let found = 0, tries = 0; found < count && tries < 100 * count; tries++) {
      const made = make(pick);
      const c = { ...ONE, ...made, kernel };
      if (!made || !fits(c)) continue;
      cases.push(c);
      found++;
    }
  };
  const families = [convolutions, lines, groupedConvolutions, depthwiseConvolutions, denseLayers, elementwise, pools, softmax];
  for (const family of [...families, movements, matrixProducts, transposedConvolutions, svdf]) family(draw);
  return cases;
}

function window(pick: Picker, more: Partial<Case>): Partial<Case> {
  const [fh, fw] = pick(FILTERS);
  const stride = pick([1, 1, 1, 2, 2, 3]);
  const x = { h: pick(SIZES), w: pick(SIZES), fh, fw, sh: stride, sw: stride, dh: 1, dw: 1, ...more };
  return { ...x, ...padded(x, pick([true, true, false])), ...more };
}

/** A window over as many channels as it gives. */
function channelwise(pick: Picker, more: Partial<Case>): Partial<Case> {
  const c = pick(CHANNELS);
  return window(pick, { c, oc: c, ...more });
}

function convolutions(draw: Draw) {
  for (const [kernel, count] of [
    ['convolve_s8', 110],
    ['convolve_s4', 50],
    ['convolve_s16', 40],
  ] as const) {
    draw(kernel, count, (pick) => window(pick, { c: pick(CHANNELS), oc: pick(CHANNELS) }));
    draw(kernel, count / 2, (pick) => window(pick, { c: pick(CHANNELS), oc: pick(CHANNELS), fh: 3, fw: 3 }));
    draw(kernel, 90, (pick) => window(pick, { c: pick(CHANNELS), oc: pick(CHANNELS), fh: 1, fw: 1 }));
    draw(kernel, 20, (pick) =>
      window(pick, {
        c: 4 * pick([1, 2, 3, 4, 8, 16]),
        oc: pick(CHANNELS),
        h: 1,
        fh: 1,
        fw: pick([2, 3, 5, 9]),
        sh: 1,
        sw: 1,
        w: pick([16, 32, 50, 64, 128]),
      }),
    );
    draw(kernel, 16, (pick) => window(pick, { c: pick(CHANNELS), oc: pick(CHANNELS), dh: 2, dw: 2 }));
  }
}

/** Convolutions along one dimension. */
function lines(draw: Draw) {
  const line = (pick: Picker, more: Partial<Case>) => {
    const [size, filter] = [pick([15, 16, 24, 30, 50, 64, 128]), pick([2, 3, 5, 7, 9, 10, 15])];
    const upright = pick([true, true, false]) ? { h: size, w: 1, fh: filter, fw: 1 } : { h: 1, w: size, fh: 1, fw: filter };
    return window(pick, { ...more, ...upright });
  };
  for (const kernel of ['convolve_s8', 'convolve_s4', 'convolve_s16']) {
    draw(kernel, 40, (pick) => line(pick, { c: pick(CHANNELS), oc: pick(CHANNELS) }));
  }
  for (const kernel of DEPTHWISE) {
    draw(kernel, 40, (pick) => {
      const c = pick(CHANNELS);
      return line(pick, { c, oc: c });
    });
  }
}

function groupedConvolutions(draw: Draw) {
  draw('convolve_s8', 60, (pick) => {
    const groups = pick([2, 4]);
    return window(pick, { groups, c: groups * pick([1, 2, 4, 6, 8, 16]), oc: groups * pick([1, 2, 4, 5, 8, 16]) });
  });
}

const DEPTHWISE = ['depthwise_conv_s8', 'depthwise_conv_s4', 'depthwise_conv_s16'];

function depthwiseConvolutions(draw: Draw) {
  for (const kernel of DEPTHWISE) {
    draw(kernel, kernel === 'depthwise_conv_s8' ? 70 : 25, (pick) => channelwise(pick, { fh: 3, fw: 3 }));
    draw(kernel, 80, (pick) => channelwise(pick, {}));
    draw(kernel, 48, (pick) => {
      const c = pick([1, 1, 2, 3, 4, 8, 16]);
      return window(pick, { c, oc: c * pick([2, 3, 4, 8, 16]) });
    });
    draw(kernel, 24, (pick) => channelwise(pick, { dh: 2, dw: 2 }));
  }
}

function denseLayers(draw: Draw) {
  const kernels = [
    'fully_connected_s8',
    'fully_connected_per_channel_s8',
    'fully_connected_s4',
    'fully_connected_s16',
    'dot_f32',
  ];
  for (const kernel of kernels) {
    draw(kernel, 36, (pick) => ({ c: pick([...CHANNELS, 100, 256, 512, 640, 784, 1000]), oc: pick([...CHANNELS, 100, 256]) }));
  }
}

const image = (pick: Picker) => ({ h: pick(SIZES), w: pick(SIZES), c: pick(CHANNELS) });

function elementwise(draw: Draw) {
  const sums = ['elementwise_add_s8', 'elementwise_add_s16', 'elementwise_mul_s8', 'elementwise_mul_s16'];
  for (const kernel of [...sums, 'relu_q7', 'relu6_s8', 'activation_s16', 'maximum_s8']) {
    draw(kernel, 12, (pick) => {
      const x = image(pick);
      return x.h * x.w * x.c > 40000 ? null : { ...x, oh: x.h, ow: x.w, oc: x.c };
    });
  }
}

function pools(draw: Draw) {
  for (const kernel of ['avg_pool_s8', 'max_pool_s8', 'avg_pool_s16', 'max_pool_s16']) {
    draw(kernel, 30, (pick) => channelwise(pick, {}));
    draw(kernel, 15, (pick) => channelwise(pick, { fh: 2, fw: 2, sh: 2, sw: 2 }));
    draw(kernel, 15, (pick) => {
      const [h, w] = [pick(SIZES), pick(SIZES)];
      return channelwise(pick, { h, w, fh: h, fw: w });
    });
  }
}

function softmax(draw: Draw) {
  draw('softmax_s8', 20, (pick) => ({ h: pick([1, 1, 2, 5, 30]), c: pick([2, 3, 4, 6, 10, 12, 35, 100, 1000]) }));
}

/** Kernels that only move values. */
function movements(draw: Draw) {
  draw('concatenation_s8_x', 50, (pick) => {
    const x = image(pick);
    return { ...x, oh: x.h, ow: x.w, oc: x.c + pick(CHANNELS) };
  });
  draw('pad_s8', 40, (pick) => {
    const x = { ...image(pick), ph: pick([0, 1, 2]), pw: pick([0, 1, 2]) };
    return { ...x, oh: x.h + 2 * x.ph, ow: x.w + 2 * x.pw, oc: x.c };
  });
  draw('transpose_s8', 32, (pick) => {
    const x = image(pick);
    return { ...x, oh: x.w, ow: x.h, oc: x.c };
  });
}

function matrixProducts(draw: Draw) {
  draw('batch_matmul_s8', 48, (pick) => {
    const x = { h: pick([1, 2, 4]), w: pick(SIZES), c: pick(CHANNELS), oc: pick(CHANNELS) };
    return { ...x, oh: x.h, ow: x.w };
  });
}

const UPSAMPLING_FILTERS = [
  [2, 2],
  [3, 3],
  [4, 4],
  [1, 3],
  [5, 5],
];

function transposedConvolutions(draw: Draw) {
  draw('transpose_conv_s8', 80, (pick) => {
    const [fh, fw] = pick(UPSAMPLING_FILTERS);
    const stride = pick([1, 2, 2, 3]);
    const h = pick([1, 2, 4, 6, 8, 12]);
    const w = pick([2, 3, 4, 8, 12, 16]);
    const x = { h, w, c: pick([1, 3, 8, 16, 17, 24, 32]), oc: pick([1, 3, 8, 16, 20]), fh, fw, sh: stride, sw: stride };
    return { ...x, oh: (h - 1) * stride + fh, ow: (w - 1) * stride + fw };
  });
}

function svdf(draw: Draw) {
  draw('svdf_s8', 20, (pick) => ({ h: pick([4, 8, 10, 24]), c: pick([8, 16, 40, 43]), oc: pick([16, 32, 64, 100]) }));
}
