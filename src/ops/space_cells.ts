import { CompressError } from '../errors.ts';
import { showShape } from '../graph/graph.ts';
import { transpose } from '../wasm/copy.ts';
import { transposeGradF32 } from '../wasm/movement_f32.ts';
import type { Shape } from './dims.ts';
import { nothing } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { asImage, CHANNELS_FIRST } from './onnx_cells.ts';
import type { defineOp } from './op.ts';
import type { OnnxCell } from './op_onnx.ts';
import type { TfliteCell } from './op_tflite.ts';
import { seenAs } from './take_cells.ts';

/** Blocks of an image as channels and back: the transpose of a view. */

export interface Block {
  /** Rows and columns of a block. */
  readonly block: number;
}

/** Shape of the view of x, and the order in which its axes make y. */
type View = (attrs: Block, x: Shape) => { readonly shape: Shape; readonly perm: readonly number[] };

/** [n, h, w, block, block, c] to [n, h, block, w, block, c], or the other way. The two are each other's inverse. */
const PERM = [0, 1, 3, 2, 4, 5];

export const deepView: View = ({ block }, [n, h, w, c]) => ({ shape: [n, h, w, block, block, c / block ** 2], perm: PERM });
export const wideView: View = ({ block }, [n, h, w, c]) => ({ shape: [n, h / block, block, w / block, block, c], perm: PERM });

export function imageBlocks(what: string, x: Shape, { block }: Block, fits: boolean): void {
  if (x.length === 4 && Number.isInteger(block) && block > 0 && fits) return;
  throw new CompressError(
    'shape-mismatch',
    `${what} by blocks of ${block} does not fit ${showShape(x)}`,
    'use an image [n, h, w, c] of whole blocks',
  );
}

/** What both rows share. */
export const spaceCells = (what: string, view: View) => {
  const seen = (attrs: Block, x: Shape) => {
    const { shape, perm } = view(attrs, x);
    return { shape, perm, turned: perm.map((p) => shape[p]) };
  };
  return {
    operands: 1,
    float: {
      forward: (heap, { x: [x], y: [y], attrs }) => {
        const { shape, perm, turned } = seen(attrs, x!.shape);
        return transpose(heap, seenAs(y, turned), seenAs(x!, shape), perm);
      },
      backward: (heap, { dy: [dy], dx: [dx], attrs }) => {
        if (!dx) return nothing;
        const { shape, perm, turned } = seen(attrs, dx.shape);
        return transposeGradF32(heap, seenAs(dy, turned), seenAs(dx, shape), perm);
      },
      saves: null,
    },
    lower: ({ x: [x], y: [y], attrs }) => {
      const { shape, perm, turned } = seen(attrs, x!.shape);
      return kernelCall('transpose', moveForm(what, x!, y), { x: seenAs(x!, shape), y: seenAs(y, turned) }, { perm });
    },
    layer: null,
    trainable: [],
    memory: 'fresh',
    outputRange: 'as-input',
    fuses: null,
    channels: () => ({ kind: 'fixed' }),
    work: 'moves',
    axes: null, // it is about rows, columns and channels
  } satisfies Partial<Parameters<typeof defineOp<Block>>[0]>;
};

export const spaceTflite = (code: number): TfliteCell<Block> => ({
  codes: [code],
  read: ({ options, inputs }) => ({ attrs: { block: Number(options.block_size) }, inputs }),
  write: ({ attrs, inputs }) => ({ code, options: { block_size: attrs.block }, inputs }),
});

/** ONNX's order of channels within a block is TFLite's ("DCR"); "CRD" is not. */
export const spaceOnnx = (type: string): OnnxCell<Block> => ({
  types: [type],
  read(from) {
    if (from.attributes.text('mode', 'DCR') !== 'DCR') return null;
    asImage(from);
    return { attrs: { block: from.attributes.int('blocksize', 1) }, inputs: [from.inputs[0]] };
  },
  write: ({ attrs, inputs }) => ({ type, attributes: { blocksize: { int: attrs.block } }, inputs, order: CHANNELS_FIRST }),
});
