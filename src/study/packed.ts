/**
 * Plain data with typed arrays in it as bytes, and back, to the last bit:
 *
 *   bytes of the JSON, u32 little endian; the JSON; all arrays one after another
 *
 * In the JSON an array is {"$": its kind, "at": first byte, "n": elements}, and a number that JSON lacks {"$": its name}. The same value gives the
 * same bytes.
 */
const KINDS = { Float32Array, Float64Array, Int8Array, Uint8Array, Int16Array, Int32Array, BigInt64Array } as const;
type Kind = keyof typeof KINDS;
type TypedArray = InstanceType<(typeof KINDS)[Kind]>;

const isArray = (value: unknown): value is TypedArray => ArrayBuffer.isView(value) && value.constructor.name in KINDS;

export function pack(value: unknown): Uint8Array {
  const arrays: TypedArray[] = [];
  let at = 0;
  const json = JSON.stringify(value, (_, v) => {
    if (typeof v === 'number' && !Number.isFinite(v)) return { $: String(v) };
    if (!isArray(v)) return v;
    const stored = { $: v.constructor.name, at, n: v.length };
    arrays.push(v);
    at += v.byteLength;
    return stored;
  });
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(4 + text.length + at);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let place = 4 + text.length;
  for (const a of arrays) {
    bytes.set(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), place);
    place += a.byteLength;
  }
  return bytes;
}

export function unpack(bytes: Uint8Array): unknown {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const first = 4 + length;
  return JSON.parse(new TextDecoder().decode(bytes.subarray(4, first)), (_, v) => {
    if (typeof v !== 'object' || v === null || !('$' in v)) return v;
    if (!('at' in v)) return Number(v.$);
    const make = KINDS[v.$ as Kind];
    const from = first + v.at;
    return new make(bytes.slice(from, from + v.n * make.BYTES_PER_ELEMENT).buffer as ArrayBuffer);
  });
}
