import type { Tensor } from '../../graph/graph.ts';
import type { Pair, Sides } from '../../ops/index.ts';
import { unsupported } from '../../ops/onnx_cells.ts';
import { sidesOf, type Window } from '../../ops/window.ts';
import type { Operator } from './import.ts';

/**
 * Dilated convolutions as TensorFlow wrote them for long: the image is dealt out to a batch of images, each of every second (third ..) pixel,
 * which are convolved and put together again. That is one convolution with dilation.
 */

const BATCH_TO_SPACE = 37;
const SPACE_TO_BATCH = 38;
const CONVOLUTIONS: ReadonlySet<number> = new Set([3, 4]);
const EXPAND_DIMS = 70;
const SQUEEZE = 43;
const RESHAPE = 22;
const SHAPERS: ReadonlySet<number> = new Set([EXPAND_DIMS, SQUEEZE, RESHAPE]);

interface Dilated {
  readonly operators: readonly Operator[];
  readonly tensors: readonly Tensor[];
  /** What a convolution's own options do not say. */
  readonly windows: ReadonlyMap<Operator, Partial<Window>>;
}

export function foldDilations(operators: readonly Operator[], given: readonly Tensor[]): Dilated {
  const tensors = [...given];
  const gone = new Set<Operator>();
  const becomes = new Map<Operator, Operator>();
  const windows = new Map<Operator, Partial<Window>>();
  for (const deal of operators.filter((o) => o.code === SPACE_TO_BATCH)) {
    const chain = chainOf(deal, operators, tensors);
    const [first, last] = [chain[0], chain[chain.length - 1]];
    const conv = chain.find((o) => CONVOLUTIONS.has(o.code))!;
    const line = tensors[deal.inputs[0]].shape.length === 3;
    const window = windowOf(deal, last, conv, tensors, line ? unitAxis(chain[1], tensors) : null);
    const inner = chain.slice(1, -1);
    inner.forEach((o, i) => {
      const [x, ...rest] = o.inputs;
      const from = i === 0 ? first.inputs[0] : x;
      const to = i === inner.length - 1 ? last.outputs : o.outputs;
      const next = { ...o, inputs: [from, ...rest], outputs: to };
      becomes.set(o, next);
      if (o === conv) windows.set(next, window);
    });
    if (line) reshaped(inner, first, last, tensors);
    gone.add(first).add(last);
  }
  return { operators: operators.filter((o) => !gone.has(o)).map((o) => becomes.get(o) ?? o), tensors, windows };
}

const refused = (why: string) =>
  unsupported(`SPACE_TO_BATCH_ND ${why}`, 'convert the model with a newer TensorFlow, which writes dilated convolutions as such');

/** From the dealing to the putting together: a convolution, between changes of shape where the data has one spatial dimension. */
function chainOf(deal: Operator, operators: readonly Operator[], tensors: readonly Tensor[]): Operator[] {
  const chain = [deal];
  while (chain[chain.length - 1].code !== BATCH_TO_SPACE) {
    const y = chain[chain.length - 1].outputs[0];
    const readers = operators.filter((o) => o.inputs.includes(y));
    const [next] = readers;
    if (readers.length !== 1 || next.inputs[0] !== y || chain.length > 4)
      throw refused('without one convolution and BATCH_TO_SPACE_ND behind it');
    chain.push(next);
  }
  const codes = chain.slice(1, -1).map((o) => o.code);
  const line = tensors[deal.inputs[0]].shape.length === 3;
  const fits = line
    ? codes.length === 3 && SHAPERS.has(codes[0]) && CONVOLUTIONS.has(codes[1]) && SHAPERS.has(codes[2])
    : codes.length === 1 && CONVOLUTIONS.has(codes[0]);
  if (!fits) throw refused('around something else than one convolution');
  return chain;
}

function numbers({ inputs }: Operator, place: number, tensors: readonly Tensor[]): number[] {
  const { data } = tensors[inputs[place]] ?? {};
  if (!data) throw refused('with sizes that are computed');
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** The axis of one place that a line was given to be an image: 1 or 2. */
function unitAxis(expand: Operator, tensors: readonly Tensor[]): 1 | 2 {
  const [, h, w] = tensors[expand.outputs[0]].shape;
  if (h === 1) return 1;
  if (w === 1) return 2;
  throw refused('around a change of shape that makes no image of one row');
}

/** The window on the whole image: rows and columns around it that are not cut off again. */
function windowOf(
  deal: Operator,
  join: Operator,
  conv: Operator,
  tensors: readonly Tensor[],
  unit: 1 | 2 | null,
): Partial<Window> {
  const image = (values: number[], filler: number, size: number) => {
    if (unit === null) return values;
    const own = new Array<number>(size).fill(filler);
    return unit === 1 ? [...own, ...values] : [...values, ...own];
  };
  const [block, other] = [deal, join].map((o) => image(numbers(o, 1, tensors), 1, 1));
  const [pads, crops] = [deal, join].map((o) => image(numbers(o, 2, tensors), 0, 2));
  if (block.join() !== other.join() || block.length !== 2 || pads.length !== 4 || crops.length !== 4)
    throw refused('of other blocks than BATCH_TO_SPACE_ND');
  const [top, bottom, left, right] = pads.map((p, i) => p - crops[i]);
  if (Math.min(top, bottom, left, right) < 0) throw refused('whose result is cut beyond its padding');
  const dilation: Pair = [block[0], block[1]];
  const sides: Sides = { top, bottom, left, right };
  const { shape } = tensors[deal.inputs[0]];
  const size: Pair = unit === null ? [shape[1], shape[2]] : unit === 1 ? [1, shape[1]] : [shape[1], 1];
  const filter = tensors[conv.inputs[1]].shape;
  const same = sidesOf({ stride: [1, 1], padding: 'same', dilation }, size, [filter[1], filter[2]]);
  const is = (a: Sides) => a.top === top && a.bottom === bottom && a.left === left && a.right === right;
  const padding = is({ top: 0, bottom: 0, left: 0, right: 0 }) ? 'valid' : is(same) ? 'same' : sides;
  return { stride: [1, 1], padding, dilation };
}

/** The shapes of a line's images, which are no longer dealt out. */
function reshaped([expand, conv]: readonly Operator[], deal: Operator, join: Operator, tensors: Tensor[]): void {
  const unit = unitAxis(expand, tensors);
  const whole = (t: number) => tensors[t].shape.toSpliced(unit, 0, 1);
  const [x, y] = [whole(deal.inputs[0]), whole(join.outputs[0])];
  tensors[expand.outputs[0]] = { ...tensors[expand.outputs[0]], shape: x };
  tensors[conv.outputs[0]] = { ...tensors[conv.outputs[0]], shape: y };
}
