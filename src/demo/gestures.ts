/** Motion gestures as an accelerometer in the hand would record them, made from a seed: 128 samples at 50 Hz of x, y, z in g. */
import { AS_STORED, type Dataset, type Part } from '../data/dataset.ts';
import { cosTurns, sinTurns } from '../elementary.ts';
import { between, createRandom, normal, type Random } from '../random.ts';

export const GESTURES = ['circle right', 'circle left', 'figure eight', 'swipe', 'zigzag', 'knock'] as const;

export const STEPS = 128;
export const AXES = 3;

/** Acceleration of each gesture along x, y, z, `u` turns after its start. */
const MOTIONS: readonly ((u: number, out: Float64Array) => void)[] = [
  (u, out) => set(out, cosTurns(u), sinTurns(u), 0),
  (u, out) => set(out, cosTurns(u), -sinTurns(u), 0),
  (u, out) => set(out, sinTurns(u), 0.9 * sinTurns(2 * u), 0),
  (u, out) => set(out, 1.2 * sinTurns(u), 0.25 * cosTurns(u), 0),
  (u, out) => set(out, 0.7 * sinTurns(u / 3), 1.1 * triangle(u), 0),
  (u, out) => set(out, 0.15 * sinTurns(u), 0, 1.9 * pulse(u)),
];

function set(out: Float64Array, x: number, y: number, z: number): void {
  out[0] = x;
  out[1] = y;
  out[2] = z;
}

/** Between -1 and 1 in straight lines. */
const triangle = (u: number): number => 1 - 4 * Math.abs(u - Math.floor(u) - 0.5);

/** A short blow once a turn, and its rebound. */
function pulse(u: number): number {
  return eighth(Math.max(0, cosTurns(u))) - 0.6 * eighth(Math.max(0, cosTurns(u - 0.14)));
}

function eighth(x: number): number {
  const squared = x * x;
  const fourth = squared * squared;
  return fourth * fourth;
}

/** Spread of the tangent of half the angle by which the sensor is turned, about each axis. */
const TILT = 0.35;

/** How the hand holds the sensor: turned about a random axis, most often by less than a right angle. A rotation matrix by rows. */
function orientation(random: Random): Float64Array {
  let [w, x, y, z] = [1, TILT * normal(random), TILT * normal(random), TILT * normal(random)];
  const length = Math.sqrt(w * w + x * x + y * y + z * z);
  [w, x, y, z] = [w / length, x / length, y / length, z / length];
  return Float64Array.of(
    ...[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  );
}

/** Writes one example, [STEPS, AXES], into `out`. */
function record(label: number, random: Random, out: Float32Array): void {
  const motion = MOTIONS[label];
  const turn = orientation(random);
  const amplitude = between(random, 0.35, 1.1);
  const stretch = three(() => amplitude * between(random, 0.75, 1.25));
  const steps = STEPS * between(random, 0.5, 0.95);
  const start = between(random, 0, STEPS - steps);
  const turns = between(random, 1.5, 4);
  const haste = between(random, -0.35, 0.35); // the tempo rises or falls along the gesture
  const phase = random.uniform();
  const noise = between(random, 0.05, 0.2);
  const swaySize = three(() => between(random, 0, 0.3));
  const swaySpeed = three(() => between(random, 0.1, 0.9));
  const swayPhase = three(() => random.uniform());
  const real = new Float64Array(AXES);
  for (let t = 0; t < STEPS; t++) {
    const s = (t - start) / steps; // 0..1 along the gesture
    const rise = Math.max(0, Math.min(1, 6 * s, 6 * (1 - s)));
    motion(phase + turns * s * (1 + haste * (s - 1)), real);
    for (let a = 0; a < AXES; a++) {
      real[a] = rise * stretch[a] * real[a] + swaySize[a] * sinTurns(swayPhase[a] + (swaySpeed[a] * t) / STEPS);
    }
    real[2] += 1; // gravity
    for (let a = 0; a < AXES; a++) {
      const seen = turn[3 * a] * real[0] + turn[3 * a + 1] * real[1] + turn[3 * a + 2] * real[2];
      out[t * AXES + a] = seen + noise * normal(random);
    }
  }
}

const three = (draw: () => number): Float64Array => Float64Array.from({ length: AXES }, draw);

/** `count` examples, the classes in turn. */
export function makeGestures(count: number, seed: number, purpose: string): Part {
  const random = createRandom(seed, `demo/gestures/${purpose}`);
  const x = new Float32Array(count * STEPS * AXES);
  const y = Int32Array.from({ length: count }, (_, i) => i % GESTURES.length);
  for (let i = 0; i < count; i++) record(y[i], random, x.subarray(i * STEPS * AXES, (i + 1) * STEPS * AXES));
  return { inputs: [x], y, count };
}

/** The dataset of `thumbnet demo`: 2400, 3000 and 1500 examples. */
export function gestures(seed = 0): Dataset {
  return {
    name: 'gestures',
    inputs: [{ name: 'x', shape: [STEPS, AXES] }],
    classes: GESTURES.length,
    classNames: GESTURES,
    train: makeGestures(2400, seed, 'train'),
    validation: makeGestures(3000, seed, 'validation'),
    test: makeGestures(1500, seed, 'test'),
    normalization: AS_STORED,
    layout: 'nhwc',
    sourceFiles: [],
    notes: [],
  };
}
