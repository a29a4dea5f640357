import { showShape } from '../graph/graph.ts';
import { copy } from '../wasm/copy.ts';
import { insideGradF32 } from '../wasm/movement_f32.ts';
import { restored, stream as streamed, streamGradF32 } from '../wasm/stream.ts';
import { inTurn } from './float_cells.ts';
import { moveForm } from './forms.ts';
import { kernelCall } from './kernel_call.ts';
import { type Apart, defineOp } from './op.ts';
import { mismatch } from './shapes.ts';

export interface Stream extends Apart {
  /** Along which the stream runs, counted from the front. */
  readonly axis: number;
}

/** TFLite's ASSIGN_VARIABLE, the only one of the operators it replaces that nothing else uses. */
const ASSIGN_VARIABLE = 144;

/**
 * x [.., n, ..], state [.., k, ..], kept from call to call: y [.., k + n, ..] is x behind the state, and its last k places are the state of
 * the next call. In a file: READ_VARIABLE, CONCATENATION, STRIDED_SLICE, ASSIGN_VARIABLE (src/formats/tflite/streams.ts).
 */
export const stream = defineOp<Stream>({
  operands: 2,
  infer([x, given], { axis, apart }) {
    const state = apart ? [x![0], ...apart.slice(1)] : given;
    if (x!.length !== state!.length || x!.some((d, i) => i !== axis && d !== state![i])) {
      throw mismatch(
        `${showShape(x!)} cannot follow a state of ${showShape(state!)} along axis ${axis}`,
        'make all other dimensions equal',
      );
    }
    const y = x!.map((d, i) => (i === axis ? d + state![i] : d));
    return apart ? [y, [...state!]] : [y];
  },
  float: {
    forward: (heap, { x: [x, state], y: [y, next], attrs: { axis } }) =>
      next ? inTurn([restored(heap, next, state!), streamed(heap, y, x!, next, axis)]) : streamed(heap, y, x!, state!, axis),
    backward(heap, { dy: [given, dnext], dx: [dx, dstate], x: [, before], y: [, next], attrs: { axis } }) {
      const state = before ?? next;
      const dy = dnext ? heap.tensor('f32', given.shape) : given;
      const both = dnext ? [copy(heap, dy, given), streamGradF32(heap, dnext, dy, axis)] : [];
      const part = (d: typeof dx, first: number) =>
        d
          ? [
              insideGradF32(
                heap,
                dy,
                d,
                dy.shape.map((_, k) => (k === axis ? first : 0)),
              ),
            ]
          : [];
      return inTurn([...both, ...part(dx, state.shape[axis]), ...part(dstate, 0)]);
    },
    saves: null,
  },
  lower: ({ x: [x, state], y: [y], attrs: { axis } }) =>
    kernelCall('stream', moveForm('a stream', x!, state!, y), { x: x!, state: state!, y }, { axis }),
  layer: null,
  carried: 1,
  trainable: [],
  memory: 'fresh',
  outputRange: 'as-input',
  fuses: null,
  channels({ axis }, [x]) {
    const c = x!.length - 1;
    // biome-ignore format: a pair for each operand
    return axis === c ? { kind: 'fixed' } : { kind: 'keep', along: [[0, c], [1, c]] };
  },
  work: 'moves',
  tflite: {
    codes: [ASSIGN_VARIABLE],
    read: (from) => ({
      attrs: { axis: from.outputShape(0).findIndex((d, i) => d !== from.shape(0)[i]) },
      inputs: from.inputs,
    }),
    write: ({ inputs }) => ({ code: ASSIGN_VARIABLE, options: {}, inputs }),
  },
  axes: null, // the state would have to turn with it
  onnx: null, // ONNX keeps no state
});
