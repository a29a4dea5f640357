/** The front end of a network in C: samples in, the network's input out. It repeats the steps of src/features bit for bit. */
import { type AttachedFrontEnd, planBatch } from '../data/index.ts';
import { CompressError } from '../errors.ts';
import { FEATURE_ROWS, type FeatureC, type FeatureTable, planFrontEnd, rowOfStep, shapeOf } from '../features/index.ts';
import { type Graph, integerRange, sizeOf, type Tensor } from '../graph/graph.ts';
import { formatC } from './format.ts';
import { type Lines, linesThrough } from './front_end_scale.ts';
import type { Network } from './network.ts';
import type { CType, Parts } from './parts.ts';
import { parameters, passed } from './project/source.ts';
import { typeOf } from './project/types.ts';

export interface FrontEndC {
  readonly header: string;
  readonly source: string;
  /** Bytes of working memory, and of a stream's own. */
  readonly workBytes: number;
  readonly streamBytes: number;
}

const CTYPES: Readonly<Record<FeatureTable['type'], CType>> = { i16: 'int16_t', u16: 'uint16_t', i32: 'int32_t' };

/** Functions that several steps call. */
const SHARED: Readonly<Record<string, string>> = {
  short_of: `
    /* Wrapped at 16 bits. */
    static int32_t short_of(int32_t x) {
      return (int32_t)(((uint32_t)x + 32768u) & 65535u) - 32768;
    }`,
  divided: `
    static int32_t divided(int32_t x, int32_t by) {
      return short_of(((x * by) + 16384) >> 15);
    }`,
  digits_of: `
    /* Place i of size with its digits, of radix 4 and one of radix 2 where no 4 is left, in the other order. */
    static int32_t digits_of(int32_t i, int32_t size) {
      int32_t at = 0;
      int32_t left = i;
      int32_t rest = size;
      while (rest > 1) {
        const int32_t radix = ((rest % 4) != 0) ? 2 : 4;
        rest /= radix;
        at += (left % radix) * rest;
        left /= radix;
      }
      return at;
    }`,
  turned: `
    static int32_t turned(int32_t a, int32_t c, int32_t b, int32_t s) {
      return (int32_t)((((int64_t)a * c) + ((int64_t)b * s) + 16384) >> 15);
    }`,
  root_u64: `
    /* The largest number whose square is not above x < 2^62. */
    static uint64_t root_u64(uint64_t x) {
      uint64_t rest = x;
      uint64_t root = 0;
      uint64_t bit = (uint64_t)1 << 60;
      while (bit > rest) {
        bit >>= 2;
      }
      while (bit != 0u) {
        if (rest >= (root + bit)) {
          rest -= root + bit;
          root = (root >> 1) + bit;
        } else {
          root >>= 1;
        }
        bit >>= 2;
      }
      return root;
    }`,
  zeros_u64: `
    /* Leading zeros of a number above 0. */
    static int32_t zeros_u64(uint64_t x) {
      uint64_t v = x;
      int32_t zeros = 0;
      for (int32_t width = 32; width > 0; width /= 2) {
        if ((v >> (64 - width)) == 0u) {
          zeros += width;
          v <<= width;
        }
      }
      return zeros;
    }`,
};

/** Why the front end of a model cannot be written; null where it can. */
export function whyNoFrontEnd({ inputs, tensors }: Graph): string | null {
  if (inputs.length > 1) return `the front end is left out: the network has ${inputs.length} inputs`;
  const { dtype } = tensors[inputs[0]];
  return ['i8', 'u8', 'i16'].includes(dtype)
    ? null
    : `the front end is left out: it gives integers, and the network takes ${dtype} (--io int8)`;
}

/**
 * @param parts gets the tables
 * @throws CompressError `unsupported` for an input that no integer steps lead to
 */
export function frontEndC(
  network: Network,
  name: string,
  { frontEnd, normalization }: AttachedFrontEnd,
  parts: Parts,
  head: string,
): FrontEndC {
  const { graph } = network;
  const input = graph.tensors[graph.inputs[0]];
  const { min, max } = integerRange(input.dtype);
  const lines = linesThrough(convertersOf(input, frontEnd, normalization), min, max);
  const plan = planFrontEnd(frontEnd);
  const { samples, channels, frame, hop, frames, width } = frontEnd;
  const states = plan.stateBytes / 4;
  const macro = name.toUpperCase();
  const type = typeOf(input.dtype);
  const place = (t: FeatureTable, key: string): string => {
    const found = parts.table(`features_${key}`, CTYPES[t.type], t.values);
    return (found as { readonly table: string }).table;
  };
  const buffers: string[] = [];
  let workBytes = 0;
  let last = 'samples';
  const calls = plan.steps.map(({ step, arguments: given, tables, bytes }, i) => {
    const { c } = rowOfStep(step.op);
    const from = last;
    if (bytes) {
      const [of] = c.parameters[0].split(' ');
      last = `work_${i}`;
      buffers.push(`static ${of} ${last}[${bytes / (of === 'uint64_t' ? 8 : 4)}];`);
      workBytes += bytes;
    }
    const numbers = given.map((g, k) => {
      if (g === 'state') return states ? `&state[channel * ${states}]` : 'NULL';
      if (typeof g === 'object') return place(tables[g.table], g.table);
      if (typeof g === 'bigint') return `UINT64_C(${g})`;
      const isPointer = c.parameters[(bytes ? 2 : 1) + k]?.includes('*');
      return g === 0 && isPointer ? 'NULL' : String(g);
    });
    return `${c.name}(${[last, ...(bytes ? [from] : []), ...numbers].join(', ')});`;
  });
  const used = plan.steps.map(({ step }) => FEATURE_ROWS[step.op].c as FeatureC);
  const shared = [...new Set(used.flatMap((c) => c.needs))].map((n) => SHARED[n]);
  const functions = [...new Set(used)].map((c) => `static void ${c.name}(${c.parameters.join(', ')}) {${c.body}\n}`);
  const scales = lines.length > 1 ? scaleTables(parts, lines) : null;
  const state = (text: string) => (states ? text : '');
  const stateOf = (whose: string) => state(`static uint32_t state_of_${whose}[${channels * states}];`);
  const streamBytes =
    channels * plan.stateBytes + 2 * frame * channels + sizeOf(shapeOf(frontEnd)) * (type === 'int16_t' ? 2 : 1);
  const outs = parameters(network).slice(1);
  const results = passed(network).slice(1);
  const count = channels * width;
  const toInput = scales
    ? `const int64_t scaled = (((int64_t)q * ${scales.factors}[place]) + ${scales.offsets}[place]) >> ${lines[0].shift};`
    : `const int64_t scaled = (((int64_t)q * ${lines[0].factor}) + INT64_C(${lines[0].offset})) >> ${lines[0].shift};`;
  const header = `${head}${formatC(`
    #ifndef ${macro}_FEATURES_H
    #define ${macro}_FEATURES_H

    #include "${name}.h"

    #if defined(__cplusplus)
    extern "C" {
    #endif

    /* ${frontEnd.name.replace(/\*\//g, '')}: [${samples}, ${channels}] samples${frontEnd.rate ? ` at ${frontEnd.rate} Hz` : ''} -> [${shapeOf(frontEnd).join(', ')}]. */
    #define ${macro}_SAMPLES ${samples}
    #define ${macro}_CHANNELS ${channels}
    /* A sample is a real number divided by 2^${macro}_SAMPLE_EXPONENT. */
    #define ${macro}_SAMPLE_EXPONENT (${frontEnd.step})
    /* Samples of a frame, from the begin of one to the next, and frames of an example. */
    #define ${macro}_FRAME ${frame}
    #define ${macro}_HOP ${hop}
    #define ${macro}_FRAMES ${frames}

    /* The network's input of one example: samples of all channels, one time after another.${state(' The estimate of the noise begins at 0 with each example.')} */
    void ${name}_features(${type} *in, const int16_t *samples);

    /* The same, and the network's answer. */
    void ${name}_classify(const int16_t *samples, ${outs.join(', ')});

    /* A stream: takes n samples of all channels. Each time that a hop is complete and a whole example was seen, the network runs once, and its answer is written. Returns how
       often it ran; ${macro}_HOP samples at a time are at most once.${state(' The estimate of the noise goes on from frame to frame.')} */
    int32_t ${name}_push(const int16_t *samples, int32_t n, ${outs.join(', ')});

    /* Forgets what the stream has taken${state(', and its estimate of the noise')}. */
    void ${name}_stream_reset(void);

    #if defined(__cplusplus)
    }
    #endif

    #endif
  `)}`;
  const source = `${head}${formatC(`
    #include "${name}_features.h"

    #include "${name}_weights.h"

    #include <stddef.h>
    #include <string.h>

    _Static_assert(((-1) >> 1) == -1, "right shifts of negative numbers keep the sign");

    ${[...shared, ...functions].join('\n')}

    ${buffers.join('\n')}

    /* Features of a frame as integers of the network's input, ${channels === 1 ? '' : 'channel after channel, '}16 bits between. */
    static void frame_features(${type} *y, const int16_t *frame${state(', uint32_t *state')}) {
      for (int32_t channel = 0; channel < ${channels}; channel++) {
        const int16_t *samples = &frame[channel];
        ${calls.join('\n')}
        for (int32_t i = 0; i < ${width}; i++) {
          ${scales ? `const int32_t place = (channel * ${width}) + i;` : ''}
          const int32_t rounded = ${plan.shift ? `(${last}[i] + ${1 << (plan.shift - 1)}) >> ${plan.shift}` : `${last}[i]`};
          const int32_t above = (rounded < -32768) ? -32768 : rounded;
          const int32_t q = (above > 32767) ? 32767 : above;
          ${toInput}
          const int64_t least = (scaled < ${min}) ? ${min} : scaled;
          y[(channel * ${width}) + i] = (${type})((least > ${max}) ? ${max} : least);
        }
      }
    }

    void ${name}_features(${type} *in, const int16_t *samples) {
      ${stateOf('example')}
      ${state('(void)memset(state_of_example, 0, sizeof state_of_example);')}
      for (int32_t f = 0; f < ${frames}; f++) {
        frame_features(&in[f * ${count}], &samples[f * ${hop * channels}]${state(', state_of_example')});
      }
    }

    /* The frames of the last example, the samples of the next frame, and how many of these are there; below 0: to be left out first. */
    static _Alignas(16) ${type} frames[${frames * count}];
    static int16_t pending[${frame * channels}];
    static int32_t filled;
    static int32_t seen;
    ${stateOf('stream')}

    void ${name}_classify(const int16_t *samples, ${outs.join(', ')}) {
      static _Alignas(16) ${type} in[${frames * count}];
      ${name}_features(in, samples);
      ${name}_invoke(${['in', ...results].join(', ')});
    }

    void ${name}_stream_reset(void) {
      filled = 0;
      seen = 0;
      ${state('(void)memset(state_of_stream, 0, sizeof state_of_stream);')}
    }

    int32_t ${name}_push(const int16_t *samples, int32_t n, ${outs.join(', ')}) {
      int32_t runs = 0;
      for (int32_t i = 0; i < n; i++) {
        if (filled >= 0) {
          for (int32_t channel = 0; channel < ${channels}; channel++) {
            pending[(filled * ${channels}) + channel] = samples[(i * ${channels}) + channel];
          }
        }
        filled++;
        if (filled == ${frame}) {
          (void)memmove(frames, &frames[${count}], sizeof frames - (${count} * sizeof frames[0]));
          frame_features(&frames[${(frames - 1) * count}], pending${state(', state_of_stream')});
          seen = (seen < ${frames}) ? (seen + 1) : seen;
          ${
            hop < frame
              ? `(void)memmove(pending, &pending[${hop * channels}], ${(frame - hop) * channels} * sizeof pending[0]);
          filled = ${frame - hop};`
              : `filled = ${frame - hop};`
          }
          if (seen == ${frames}) {
            ${name}_invoke(${['frames', ...results].join(', ')});
            runs++;
          }
        }
      }
      return runs;
    }
  `)}`;
  return { header, source, workBytes: workBytes + channels * plan.stateBytes, streamBytes };
}

/** What a feature becomes as an integer of the network's input, for each feature that has its own normalization. */
function convertersOf(input: Tensor, frontEnd: AttachedFrontEnd['frontEnd'], normalization: AttachedFrontEnd['normalization']) {
  const shape = shapeOf(frontEnd);
  const empty = { inputs: [new Float32Array(0)], y: null, count: 0 };
  const data = {
    name: 'features',
    inputs: [{ name: input.name, shape }],
    classes: 0,
    train: empty,
    validation: null,
    test: null,
    normalization,
    layout: 'nhwc' as const,
    sourceFiles: [],
    notes: [],
  };
  const [{ convert, period }] = planBatch(data, [input]).inputs;
  const unit = 2 ** frontEnd.exponent;
  const { scale, std } = normalization;
  if (!(scale > 0)) throw new CompressError('unsupported', `features times ${scale} fall`, 'state a --scale above 0');
  return Array.from({ length: period }, (_, c) => ({
    convert: (q: number) => convert(q * unit, c),
    slope: (unit * scale) / (std[std.length > 1 ? c : 0] * Math.fround(input.quant!.scales[0])),
  }));
}

function scaleTables(parts: Parts, lines: readonly Lines[]): { readonly factors: string; readonly offsets: string } {
  const of = (base: string, type: CType, values: readonly (number | bigint)[]) =>
    (parts.table(`features_${base}`, type, values as number[]) as { readonly table: string }).table;
  return {
    factors: of(
      'factors',
      'int32_t',
      lines.map((l) => l.factor),
    ),
    offsets: of(
      'offsets',
      'int64_t',
      lines.map((l) => l.offset),
    ),
  };
}
