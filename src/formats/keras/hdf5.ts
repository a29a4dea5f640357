import { badFile, unsupported } from './hdf5_cursor.ts';
import { arrayOf, textsOf } from './hdf5_data.ts';
import { Hdf5File, type Member, type Message } from './hdf5_file.ts';

export { badFile, unsupported } from './hdf5_cursor.ts';

export interface Array32 {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Groups, arrays and text attributes of one HDF5 file. */
export interface Hdf5 {
  /** Names in a group, in order; none where there is no such group. */
  keys(path: string): readonly string[];
  /** Texts of an attribute, which a long list is spread over (`name0`, `name1` ...); null where it is not there. */
  texts(path: string, attribute: string): readonly string[] | null;
  array(path: string): Array32 | null;
}

export function openHdf5(bytes: Uint8Array): Hdf5 {
  const file = new Hdf5File(bytes);
  const headers = new Map<number, readonly Message[]>();
  const messagesAt = (at: number) => {
    if (!headers.has(at)) headers.set(at, file.messages(at));
    return headers.get(at)!;
  };
  const members = new Map<string, ReadonlyMap<string, Member>>();
  const texts = new Map<string, ReadonlyMap<string, readonly string[]>>();
  const find = (path: string, links = 0): readonly Message[] | null => {
    let at = file.root;
    let place = '';
    for (const [i, name] of namesOf(path).entries()) {
      const member = membersOf(place, messagesAt(at)).get(name);
      if (member === undefined) return null;
      if (member === 'in another file') throw unsupported(`"${place}/${name}" is in another file`, 'save the model in one file');
      if (typeof member === 'object') {
        if (links === MOST_LINKS) throw badFile(`the link "${place}/${name}" leads to itself`);
        const rest = namesOf(path).slice(i + 1);
        return find([member.path.startsWith('/') ? '' : place, member.path, ...rest].join('/'), links + 1);
      }
      at = member;
      place += `/${name}`;
    }
    return messagesAt(at);
  };
  const membersOf = (place: string, messages: readonly Message[]) => {
    if (!members.has(place)) members.set(place, file.members(messages) ?? new Map());
    return members.get(place)!;
  };
  return guarded({
    keys(path) {
      const messages = find(path);
      return messages ? [...membersOf(clean(path), messages).keys()].sort() : [];
    },
    texts(path, attribute) {
      const place = clean(path);
      const messages = find(path);
      if (!messages) return null;
      if (!texts.has(place)) texts.set(place, textsOf(file, messages, place));
      return spread(texts.get(place)!, attribute);
    },
    array(path) {
      const messages = find(path);
      return messages && arrayOf(file, messages, clean(path));
    },
  });
}

/** Links that lead to each other without end are damage. */
const MOST_LINKS = 16;

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

const clean = (path: string): string =>
  namesOf(path)
    .map((name) => `/${name}`)
    .join('');

function spread(texts: ReadonlyMap<string, readonly string[]>, attribute: string): readonly string[] | null {
  if (texts.has(attribute)) return texts.get(attribute)!;
  const parts: string[] = [];
  for (let i = 0; texts.has(`${attribute}${i}`); i++) parts.push(...texts.get(`${attribute}${i}`)!);
  return parts.length ? parts : null;
}

/** A damaged file can lead outside of every array. */
function guarded(file: Hdf5): Hdf5 {
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (e) {
      throw e instanceof RangeError ? badFile(e.message) : e;
    }
  };
  return {
    keys: (path) => attempt(() => file.keys(path)),
    texts: (path, attribute) => attempt(() => file.texts(path, attribute)),
    array: (path) => attempt(() => file.array(path)),
  };
}
