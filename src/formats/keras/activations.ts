import { clamped } from '../pieces.ts';
import type { Call } from './layer.ts';

/** Activations by the names that Keras gives them, as layers and as arguments of layers. */

type Activate = (call: Call, x: number) => number;

const plain = { activation: 'none' };
const row =
  (op: string, attrs: object = {}): Activate =>
  (call, x) =>
    call.emit(op, [x], attrs as Readonly<Record<string, unknown>>);

const scalar = (call: Call, part: string, value: number) => call.constant(part, [1], [value]);

/** clip(x * scale + offset, 0, 1) */
const hardSigmoid =
  (scale: number): Activate =>
  (call, x) => {
    const scaled = call.emit('mul', [x, scalar(call, 'scale', scale)], plain);
    return clamped(call, call.emit('add', [scaled, scalar(call, 'half', 0.5)], plain), 0, 1);
  };

const ACTIVATIONS: Readonly<Record<string, Activate>> = {
  linear: (_, x) => x,
  relu: row('relu'),
  relu6: row('relu6'),
  leaky_relu: row('leakyRelu', { alpha: 0.2 }),
  sigmoid: row('logistic'),
  tanh: row('tanh'),
  softmax: row('softmax', { beta: 1 }),
  hard_sigmoid: hardSigmoid(1 / 6),
  hard_silu: row('hardSwish'),
  hard_swish: row('hardSwish'),
  silu: (call, x) => call.emit('mul', [x, call.emit('logistic', [x], {})], plain),
  swish: (call, x) => call.emit('mul', [x, call.emit('logistic', [x], {})], plain),
  elu: row('elu', { alpha: 1 }),
  gelu: row('gelu', { approximate: false }),
};

/** Keras 2 has another hard sigmoid: clip(0.2 x + 0.5). */
const OLD: Readonly<Record<string, Activate>> = { hard_sigmoid: hardSigmoid(0.2) };

/** The activation that a configuration names, applied to `x`. */
export function activated(call: Call, x: number, activation: unknown): number {
  if (activation === null || activation === undefined) return x;
  const named = typeof activation === 'object' ? (activation as { class_name?: unknown; config?: unknown }) : null;
  const name =
    typeof activation === 'string'
      ? activation
      : typeof named?.config === 'string'
        ? named.config
        : String(named?.class_name ?? '');
  const known = call.version < 3 && Object.hasOwn(OLD, name) ? OLD : ACTIVATIONS;
  if (!Object.hasOwn(known, name))
    throw call.refuse(`has the activation "${name}", which is not known`, `use one of ${Object.keys(ACTIVATIONS).join(', ')}`);
  return known[name](call, x);
}
