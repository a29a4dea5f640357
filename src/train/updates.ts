import { type Graph, sizeOf } from '../graph/graph.ts';
import type { Heap, HeapTensor, Step } from '../wasm/heap.ts';
import { adamStepF32, applyMaskF32, normF32, type OptimizerStep, sgdStepF32 } from '../wasm/optimizer.ts';
import type { TrainOptions } from './options.ts';
import type { Parameter, TrainingProgram } from './program.ts';
import { rateAt } from './schedule.ts';
import type { Remember } from './state.ts';
import { stepSizeOptimizer } from './step_sizes.ts';

/** Moves every parameter of a program by its gradient. */
export interface Update {
  /** Steps of a training are counted from 0. */
  readonly run: (step: number) => void;
  /** What the optimizer remembers from one step to the next. */
  readonly state: readonly HeapTensor[];
}

/** The update of all parameters together: clipped to one norm, by the rate of the step, masked weights held at zero. */
export function updateOf(heap: Heap, graph: Graph, { parameters }: TrainingProgram, o: TrainOptions, steps: number): Update {
  const state: HeapTensor[] = [];
  const remember: Remember = (shape) => {
    const tensor = heap.tensor('f32', shape);
    state.push(tensor);
    return tensor;
  };
  const optimizer = (p: Parameter) =>
    p.stepSize ? stepSizeOptimizer(heap, p, o, steps, remember) : optimizerOf(heap, p, o, remember);
  const updates = parameters.map(optimizer);
  const masks = masksOf(heap, graph, parameters);
  const gradients = parameters.filter((p) => !p.stepSize).map((p) => p.gradient);
  const run = (step: number) => {
    const rate = o.learningRate * rateAt(step, steps, o);
    const norm = o.clip > 0 ? normF32(heap, gradients) : 0;
    const scale = norm > o.clip && o.clip > 0 ? o.clip / norm : 1;
    for (const update of updates) update(rate, step + 1, scale);
    for (const mask of masks) mask();
  };
  return { run, state };
}

/** Biases and factors of normalizations do not decay. */
function optimizerOf(heap: Heap, { value, gradient }: Parameter, o: TrainOptions, remember: Remember): OptimizerStep {
  const { shape } = value;
  const decay = shape.length > 1 ? o.weightDecay : 0;
  if (o.optimizer === 'sgd')
    return sgdStepF32(heap, value, gradient, remember(shape), { momentum: o.momentum, nesterov: true, decay });
  const kind = o.optimizer === 'adamw' ? { decoupled: decay } : { decay };
  const adam = adamStepF32(heap, value, gradient, remember(shape), remember(shape), kind);
  const share = stepShare(heap, value);
  return (rate, step, scale) => adam(rate * share, step, scale);
}

function masksOf(heap: Heap, graph: Graph, parameters: readonly Parameter[]): Step[] {
  return parameters.flatMap(({ tensor, value }) => {
    const mask = graph.tensors[tensor]?.mask;
    return mask ? [applyMaskF32(heap, value, heap.tensor('u8', value.shape, mask))] : [];
  });
}

const USUAL_SIZE = 0.1;

/**
 * Adam's steps are as long for small weights as for large ones. A layer whose weights are much smaller than usual (one that reads raw
 * pixels 0..255, say) would be destroyed by the first steps: its steps shrink with its root mean square (as in LAMB, You et al., 2020).
 */
function stepShare(heap: Heap, value: HeapTensor): number {
  if (value.shape.length < 2) return 1;
  const rms = normF32(heap, [value]) / Math.sqrt(sizeOf(value.shape));
  return rms > 0 ? Math.min(1, rms / USUAL_SIZE) : 1;
}
