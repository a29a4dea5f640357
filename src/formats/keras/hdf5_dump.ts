import type * as h5wasm from 'h5wasm';

/** What of an HDF5 file a Keras model may need. Paths begin with `/`. */
export interface Dump {
  /** Names in each group. */
  readonly groups: Record<string, string[]>;
  /** Text attributes of groups, by path and name. */
  readonly texts: Record<string, Record<string, string[]>>;
  readonly arrays: Record<string, { readonly shape: number[]; readonly data: Float32Array }>;
}

/**
 * All groups, text attributes and arrays of a file but the state of the optimizer. It needs nothing around it, so that a thread can be given
 * its source; what claims to be larger than the file can hold is refused before it is read.
 */
export async function dumpHdf5(library: typeof h5wasm, bytes: Uint8Array): Promise<Dump> {
  const MOST_ENTRIES = 20_000;
  const MOST_ELEMENTS = 2 ** 26;
  const DEEPEST = 32;
  // deflate never shrinks below 1/1032 (zlib's documentation)
  const most = Math.min(MOST_ELEMENTS, 1032 * bytes.length);
  const module = await library.ready;
  module.activate_throwing_error_handler();
  const { FS } = module;
  const path = '/model.h5';
  FS.writeFile(path, bytes);
  const dump: Dump = { groups: {}, texts: {}, arrays: {} };
  let entries = 0;
  let elements = 0;
  const counted = (size: number, where: string): void => {
    elements += size;
    if (!(size >= 0 && elements <= most)) throw new Error(`"${where}" claims ${size} values in a file of ${bytes.length} bytes`);
  };
  const attributes = (at: string, attrs: Record<string, h5wasm.Attribute>): Record<string, string[]> => {
    const found: Record<string, string[]> = {};
    for (const [name, attribute] of Object.entries(attrs)) {
      const { type, size, total_size } = attribute.metadata;
      // 3: text
      if (type !== 3) continue;
      counted(Number(size) * Number(total_size), `${at}@${name}`);
      const { value } = attribute;
      found[name] = (Array.isArray(value) ? value : [value]).map(String);
    }
    return found;
  };
  const visit = (at: string, level: number): void => {
    if (level > DEEPEST || ++entries > MOST_ENTRIES) throw new Error(`it holds more groups than a model has, last "${at}"`);
    const found = file.get(at);
    if (found instanceof library.Group) {
      const keys = found.keys();
      dump.groups[at] = keys;
      dump.texts[at] = attributes(at, found.attrs);
      for (const key of keys)
        if (!(level === 0 && key.startsWith('optimizer'))) visit(at === '/' ? `/${key}` : `${at}/${key}`, level + 1);
      return;
    }
    if (!(found instanceof library.Dataset)) return;
    const shape = found.shape ?? [];
    counted(
      shape.reduce((a, b) => a * b, 1),
      at,
    );
    const { value } = found;
    if (typeof value === 'number') dump.arrays[at] = { shape, data: Float32Array.of(value) };
    else if (ArrayBuffer.isView(value)) dump.arrays[at] = { shape, data: Float32Array.from(value as Float32Array, Number) };
  };
  const file = new library.File(path, 'r');
  try {
    visit('/', 0);
    return dump;
  } finally {
    try {
      file.close();
    } catch {
      // a damaged file may not close; the next one is another
    }
    FS.unlink(path);
  }
}
