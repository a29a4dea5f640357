import { sizeOf, type Tensor, type Values } from '../graph/graph.ts';
import { isRecord, MalformedCase, numbers } from './case.ts';

/** Inputs of golden models are not stored but made, by this generator in 32-bit arithmetic. */
function generator(seed: number): () => number {
  let s = Math.imul(seed, 0x9e3779b9) >>> 0;
  return () => {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    s >>>= 0;
    return s;
  };
}

const signed = (byte: number) => (byte << 24) >> 24;

function bytesOf(kind: unknown, seed: number, n: number): Int8Array {
  const next = generator(seed);
  const q = new Int8Array(n);
  if (kind === 'noise') for (let i = 0; i < n; i++) q[i] = signed(next() >>> 24);
  else if (kind === 'extreme') for (let i = 0; i < n; i++) q[i] = next() >>> 31 ? 127 : -128;
  else if (kind === 'walk') {
    let v = signed(next() >>> 24);
    for (let i = 0; i < n; i++) {
      v = Math.max(-128, Math.min(127, v + ((next() | 0) >> 27)));
      q[i] = v;
    }
  } else throw new MalformedCase(`input.kind is ${JSON.stringify(kind)}, not noise, walk or extreme`);
  return q;
}

/** The input of a case for the model's first input tensor, and the sha256 it must have. */
export function modelInput(input: unknown, tensor: Tensor): { values: Values; expected: string | null } {
  if (!isRecord(input)) throw new MalformedCase('input is missing');
  const q = bytesOf(input.kind, Number(input.seed), sizeOf(tensor.shape));
  const float = tensor.dtype === 'f32';
  const [scale, zero] = [Number(input.scale), Number(input.zero_point)];
  if (float && !Number.isFinite(scale + zero)) throw new MalformedCase('input.scale or input.zero_point is missing');
  const values = float ? Float32Array.from(q, (v) => (v - zero) * scale) : q;
  const first = input.first16 === undefined ? [] : numbers(input.first16, 'input.first16');
  const wrong = first.findIndex((v, i) => Math.fround(v) !== values[i]);
  if (wrong >= 0) throw new MalformedCase(`element ${wrong} of the generated input is ${values[wrong]}, not ${first[wrong]}`);
  const expected = float ? input.float32_sha256 : input.sha256;
  return { values, expected: typeof expected === 'string' ? expected : null };
}
