import { type Array32, badFile, type Hdf5 } from './hdf5.ts';

/** Weights of the layers of one model: by role (`kernel`, `bias` ...) as the layer's class calls them. */
export interface Weights {
  /** @param roles all roles of the layer, in the order in which Keras makes its variables */
  of(layer: Place, roles: readonly string[]): (role: string) => Array32;
  /** Weights of a model inside this one. */
  inside(layer: Place): Weights;
}

export interface Place {
  readonly name: string;
  readonly className: string;
  /** How many layers of its class come before it in its model. */
  readonly number: number;
  /** Layers within the layer that hold the weights (`cell`, `forward_layer`), from the outside in. */
  readonly within?: readonly string[];
}

const missing = (layer: string, role: string) => badFile(`the layer "${layer}" lacks its weights "${role}"`);

/** Keras 2, and .h5 of Keras 3: a group for each layer at the top, with a list of the names in it. */
export function legacyWeights(file: Hdf5, root: string): Weights {
  const namesOf = (layer: string): readonly string[] => file.texts(`${root}/${layer}`, 'weight_names') ?? [];
  const level = (top: string | null): Weights => ({
    of({ name, within = [] }, roles) {
      const outer = top ?? name;
      const names = namesOf(outer).filter((n) => top === null || parts(n).includes(name));
      return (role) => {
        const fitting = names.filter(
          (n) =>
            roleOf(n) === role &&
            within.every((w) => LOOSE.test(w) || parts(n).some((p) => p.startsWith(w.replace(/_layer$/, '_')))),
        );
        // where names do not follow the layer's own, their order decides
        const found = fitting[0] ?? (names.length === roles.length ? names[roles.indexOf(role)] : undefined);
        const array = found === undefined ? null : file.array(`${root}/${outer}/${found}`);
        if (!array) throw missing(name, role);
        return array;
      };
    },
    inside: (layer) => level(top ?? layer.name),
  });
  return level(null);
}

/** Parts of a path that names of variables do not repeat. */
const LOOSE = /^(cell|layer)$/;
const parts = (name: string): string[] => name.split('/');
const roleOf = (name: string): string => parts(name).at(-1)!.replace(/:\d+$/, '');

/** `model.weights.h5` and `.npz` of Keras 3: groups by class and number, variables by theirs. */
export function numberedWeights(file: Pick<Hdf5, 'keys' | 'array'>): Weights {
  const level = (path: string): Weights => {
    const list = ['layers', '_layer_checkpoint_dependencies'].find((key) => file.keys(`${path}/${key}`).length) ?? 'layers';
    const groupOf = ({ name, className, number }: Place): string => {
      const snake = snakeCase(className);
      const byClass = `${path}/${list}/${number ? `${snake}_${number}` : snake}`;
      return file.keys(byClass).length ? byClass : `${path}/${list}/${name}`;
    };
    return {
      of(layer, roles) {
        const group = [groupOf(layer), ...(layer.within ?? [])].join('/');
        return (role) => {
          const array = file.array(`${group}/vars/${roles.indexOf(role)}`);
          if (!array) throw missing(layer.name, role);
          return array;
        };
      },
      inside: (layer) => level(groupOf(layer)),
    };
  };
  return level('');
}

/** How Keras turns the name of a class into that of a group (keras/src/utils/naming.py). */
export const snakeCase = (className: string): string =>
  className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
