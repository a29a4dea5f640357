import type { Graph, Values } from './graph.ts';

/** Whether two graphs compute the same, number by number: the same nodes between tensors of the same shapes and constants. Quantization records, masks and names of tensors aside. */
export function sameNetwork(a: Graph, b: Graph): boolean {
  if (a === b) return true;
  const wiring = ({ inputs, outputs, nodes }: Graph) => [
    inputs,
    outputs,
    nodes.map((n) => [n.name, n.op, n.inputs, n.outputs, n.attrs]),
  ];
  if (a.tensors.length !== b.tensors.length || JSON.stringify(wiring(a)) !== JSON.stringify(wiring(b))) return false;
  return a.tensors.every((t, i) => {
    const other = b.tensors[i];
    return t.dtype === other.dtype && t.shape.join() === other.shape.join() && sameValues(t.data, other.data);
  });
}

function sameValues(a: Values | null, b: Values | null): boolean {
  if (a === b || !a || !b) return a === b;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const KEPT = 4;

/** What was found out about the last few networks, by what they were run on: a search runs the same ones again and again. */
export class NetworkMemory<T extends { readonly graph: Graph }> {
  readonly #kept = new WeakMap<object, readonly T[]>();

  /** What is kept, the last first. */
  all = (on: object): readonly T[] => this.#kept.get(on) ?? [];

  keep(on: object, found: readonly T[]): void {
    this.#kept.set(on, [...found, ...this.all(on)].slice(0, KEPT));
  }

  /** What was found out about a network that computes the same, where `isSo`; else it is found now. */
  get(on: object, graph: Graph, isSo: (known: T) => boolean, find: () => T): T {
    const known = this.all(on).find((k) => isSo(k) && sameNetwork(k.graph, graph));
    const found = known ?? find();
    this.#kept.set(on, [found, ...this.all(on).filter((k) => k !== found)].slice(0, KEPT));
    return found;
  }
}
