import { unzip } from '../../data/zip.ts';
import { sizeOf } from '../../graph/graph.ts';
import { fromHalf } from '../../graph/half.ts';
import { type Array32, badFile, type Hdf5 } from './hdf5.ts';
import { Global, Made, type Pickled, unpickled } from './pickle.ts';

/**
 * `model.weights.npz` of Keras 3, as it is written where h5py is missing: for each layer an array of one object, the dictionary of its
 * variables by number.
 */
export function openNpz(bytes: Uint8Array): Pick<Hdf5, 'keys' | 'array'> {
  const arrays = new Map<string, Array32>();
  const groups = new Map<string, Set<string>>([['', new Set()]]);
  for (const [file, content] of unzip(bytes, 'model.weights.npz', (name) => name.endsWith('.npy'))) {
    const path = file.slice(0, -4).replaceAll('\\', '/');
    const variables = dictionaryOf(content);
    const parts = path === '__root__' ? [] : path.split('/').filter(Boolean);
    parts.forEach((part, i) => {
      const parent = parts.slice(0, i).join('/');
      groups.set(parent, (groups.get(parent) ?? new Set()).add(part));
    });
    const own = parts.join('/');
    for (const [name, value] of variables) arrays.set(`${own}/vars/${name}`, arrayOf(value, path));
    if (variables.size) groups.set(own, (groups.get(own) ?? new Set()).add('vars'));
  }
  const clean = (path: string) => path.split('/').filter(Boolean).join('/');
  return { keys: (path) => [...(groups.get(clean(path)) ?? [])], array: (path) => arrays.get(clean(path)) ?? null };
}

const broken = () => badFile('model.weights.npz is damaged');

/** Behind the header of an .npy of objects: a pickle of an array that holds one dictionary. */
function dictionaryOf(npy: Uint8Array): Map<Pickled, Pickled> {
  const isLong = npy[6] > 1;
  const view = new DataView(npy.buffer, npy.byteOffset, npy.byteLength);
  if (npy.length < 12) throw broken();
  const from = isLong ? 12 + view.getUint32(8, true) : 10 + view.getUint16(8, true);
  const array = unpickled(npy.subarray(Math.min(from, npy.length)));
  const [, , , , list] = stateOf(array);
  const held = Array.isArray(list) ? list[0] : null;
  if (!(held instanceof Map)) throw broken();
  return held;
}

/** Version, shape, type, order and content of a pickled array. */
function stateOf(value: Pickled): Pickled[] {
  const isArray = value instanceof Made && value.by instanceof Global && value.by.name.endsWith('multiarray._reconstruct');
  if (!isArray || !Array.isArray(value.state) || value.state.length < 5) throw broken();
  return value.state;
}

const READERS: Readonly<Record<string, (view: DataView, at: number, little: boolean) => number>> = {
  f2: (view, at, little) => fromHalf(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

function arrayOf(value: Pickled, where: string): Array32 {
  const [, shape, type, columns, data] = stateOf(value);
  const name = type instanceof Made && Array.isArray(type.given) ? String(type.given[0]) : '';
  const order = type instanceof Made && Array.isArray(type.state) ? type.state[1] : '<';
  if (!Object.hasOwn(READERS, name)) return { shape: [], data: new Float32Array() }; // counters and seeds
  const isShape = Array.isArray(shape) && shape.every((d) => typeof d === 'number' && d >= 0);
  const size = Number(name[1]);
  if (!isShape || !(data instanceof Uint8Array) || data.length !== size * sizeOf(shape as number[]))
    throw badFile(`the weights of "${where}" do not have the size of their shape`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = Float32Array.from({ length: data.length / size }, (_, i) => READERS[name](view, i * size, order !== '>'));
  return { shape: shape as number[], data: columns ? byRows(values, shape as number[]) : values };
}

/** Values that are stored with their first axis running fastest, in the usual order. */
function byRows(values: Float32Array, shape: readonly number[]): Float32Array {
  return values.map((_, i) => {
    let [rest, at] = [i, 0];
    // From the last axis, which runs fastest in the result and lies furthest apart in the file.
    for (let axis = shape.length - 1, apart = values.length; axis >= 0; axis--) {
      apart /= shape[axis];
      at += (rest % shape[axis]) * apart;
      rest = Math.floor(rest / shape[axis]);
    }
    return values[at];
  });
}
