import { compact, consumers, type Graph, type Node } from '../graph/graph.ts';
import type { Pair, Sides } from '../ops/index.ts';
import { sidesOf, type Window } from '../ops/window.ts';
import { channelsOf } from '../run/channels.ts';
import { layerOf } from '../run/layers.ts';
import { sameMeaning } from './meaning.ts';

/**
 * Rows and columns of zeros before convolutions become their own padding: a padded place is multiplied as the number 0 either way.
 * The pad stays where anything else reads it, or where it adds something else than zeros around the image.
 */
export function foldPads(graph: Graph): Graph {
  const readers = consumers(graph);
  const nodes = [...graph.nodes];
  for (const pad of graph.nodes) {
    const [y] = pad.outputs;
    if (pad.op !== 'pad' || graph.outputs.includes(y) || !isZeroFrame(pad) || !sameMeaning(graph, pad.inputs[0], y)) continue;
    if (!readers[y].every((i) => isWindow(graph, nodes[i]) && nodes[i].inputs[0] === y)) continue;
    for (const i of readers[y]) nodes[i] = padded(graph, nodes[i], pad);
  }
  return nodes.some((n, i) => n !== graph.nodes[i]) ? compact({ ...graph, nodes }) : graph;
}

type Paddings = readonly (readonly [number, number])[];

const isZeroFrame = ({ attrs }: Node): boolean => {
  const [n, , , c] = attrs.paddings as Paddings;
  return attrs.value === 0 && (attrs.paddings as Paddings).length === 4 && n[0] + n[1] + c[0] + c[1] === 0;
};

/** A linear layer whose filter moves over its input: zeros around it contribute nothing. */
function isWindow(graph: Graph, node: Node): boolean {
  const channels = channelsOf(graph, node);
  const linear = channels.kind === 'mix' || channels.kind === 'keep' ? channels.linear : undefined;
  return Boolean(linear) && 'padding' in node.attrs && !('outputSize' in node.attrs);
}

function padded({ tensors }: Graph, node: Node, pad: Node): Node {
  const [kh, kw] = tensors[layerOf(node)!.weights].shape.slice(1, 3);
  const filter: Pair = [kh, kw];
  const window = node.attrs as unknown as Window;
  const size = (t: number): Pair => [tensors[t].shape[1], tensors[t].shape[2]];
  const own = sidesOf(window, size(pad.outputs[0]), filter);
  const [, rows, columns] = pad.attrs.paddings as Paddings;
  const sides: Sides = {
    top: own.top + rows[0],
    bottom: own.bottom + rows[1],
    left: own.left + columns[0],
    right: own.right + columns[1],
  };
  const same = sidesOf({ ...window, padding: 'same' }, size(pad.inputs[0]), filter);
  const isSame = (Object.keys(sides) as (keyof Sides)[]).every((side) => sides[side] === same[side]);
  const inputs = [pad.inputs[0], ...node.inputs.slice(1)];
  return { ...node, inputs, attrs: { ...node.attrs, padding: isSame ? 'same' : sides } };
}
