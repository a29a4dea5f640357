import { CompressError } from '../errors.ts';
import {
  compact,
  consumers,
  DTYPE_OF_BITS,
  type DType,
  type Graph,
  isInteger,
  type Node,
  producers,
  type Quantization,
  type Tensor,
} from '../graph/graph.ts';

/**
 * Converters put QUANTIZE and DEQUANTIZE at the edges of an integer network, so that a file takes and gives uint8 or float32. Stages work on
 * the network inside; the edges are remembered, and put back when it is stored.
 */

/** The type of a file's inputs and outputs. */
export const IO_TYPES = ['int8', 'uint8', 'float32'] as const;
export type IoType = (typeof IO_TYPES)[number];

/** What a file has at an input or output in place of the network's own integers. */
export interface Edge {
  readonly name: string;
  readonly dtype: 'f32' | 'u8' | 'i8' | 'i16';
  /** null for floats. */
  readonly quant: Quantization | null;
  /** What the inside was called and meant when it was read; null for an edge that no file had. */
  readonly inside: Pick<Tensor, 'name' | 'quant'> | null;
}

/** In the order of the graph's inputs and outputs; null where there is no conversion. */
export interface Edges {
  readonly inputs: readonly (Edge | null)[];
  readonly outputs: readonly (Edge | null)[];
}

/** The network inside the conversions at its edges; it keeps the names of the file's inputs and outputs. Null where there are none. */
export function withoutEdges(graph: Graph): { graph: Graph; edges: Edges } | null {
  const tensors = [...graph.tensors];
  const [by, readers] = [producers(graph), consumers(graph)];
  const gone = new Set<number>();
  const strip = (place: number, outside: number, inside: number): Edge | null => {
    if (gone.has(place) || !isEdge(graph.tensors[outside], graph.tensors[inside])) return null;
    gone.add(place);
    const { name, dtype, quant, fileOrder } = graph.tensors[outside];
    tensors[inside] = { ...tensors[inside], name, ...(fileOrder && { fileOrder }) };
    return { name, dtype: dtype as Edge['dtype'], quant, inside: graph.tensors[inside] };
  };
  const inputs = graph.inputs.map((t) => {
    const node = graph.nodes[readers[t][0]];
    const isOnly = isConversion(node) && readers[t].length === 1 && !graph.outputs.includes(node.outputs[0]);
    const edge = isOnly ? strip(readers[t][0], t, node.outputs[0]) : null;
    return { edge, tensor: edge ? node.outputs[0] : t };
  });
  const outputs = graph.outputs.map((t) => {
    const node = graph.nodes[by[t]];
    const isLast = isConversion(node) && readers[t].length === 0 && by[node.inputs[0]] >= 0 && !gone.has(by[node.inputs[0]]);
    const edge = isLast ? strip(by[t], t, node.inputs[0]) : null;
    return { edge, tensor: edge ? node.inputs[0] : t };
  });
  if (!gone.size) return null;
  const nodes = graph.nodes.filter((_, i) => !gone.has(i));
  const [ins, outs] = [inputs, outputs].map((list) => list.map((end) => end.tensor));
  return {
    graph: compact({ ...graph, tensors, nodes, inputs: ins, outputs: outs }),
    edges: { inputs: inputs.map((i) => i.edge), outputs: outputs.map((o) => o.edge) },
  };
}

/** A float graph without the conversions inside it, which change nothing there. */
export function withoutConversions(graph: Graph): Graph {
  const by = producers(graph);
  const same = new Map<number, number>();
  const now = (t: number) => same.get(t) ?? t;
  const nodes = graph.nodes.flatMap((node) => {
    const inputs = node.inputs.map(now);
    if (isConversion(node) && (by[inputs[0]] >= 0 || !graph.outputs.includes(node.outputs[0]))) {
      same.set(node.outputs[0], inputs[0]);
      return [];
    }
    return [{ ...node, inputs }];
  });
  return same.size ? compact({ ...graph, nodes, outputs: graph.outputs.map(now) }) : graph;
}

const isConversion = (node: Node | undefined): node is Node => node?.op === 'quantize' || node?.op === 'dequantize';

const isEdge = (outside: Tensor, inside: Tensor): boolean =>
  isInteger(inside.dtype) && inside.quant?.scales.length === 1 && (outside.dtype === 'f32' || outside.quant?.scales.length === 1);

/** A graph of integers (or of floats with their records) between conversions; inputs and outputs that are plain floats stay as they are. */
export function withEdges(graph: Graph, edges: Edges): Graph {
  const tensors = [...graph.tensors];
  /** A tensor outside, and the conversion between it and `inside`. */
  const add = (t: number, edge: Edge, isInput: boolean) => {
    const within = tensors[t];
    const { name, dtype } = edge;
    const { shape, fileOrder } = within;
    const quant = outsideQuant(edge, within, isInput);
    const outside = tensors.push({ name, shape, dtype, data: null, quant, ...(fileOrder && { fileOrder }) }) - 1;
    tensors[t] = { ...within, name: edge.inside?.name ?? `${name}_int${within.quant!.bits}` };
    const [from, to] = isInput ? [outside, t] : [t, outside];
    const op = !isInput && dtype === 'f32' ? 'dequantize' : 'quantize';
    return { outside, node: { name: tensors[to].name, op, inputs: [from], outputs: [to], attrs: {} } };
  };
  const ends = (list: readonly number[], of: readonly (Edge | null)[], isInput: boolean) =>
    list.map((t, i) => {
      const edge = of[i];
      return edge && graph.tensors[t].quant ? add(t, edge, isInput) : { outside: t, node: null };
    });
  const inputs = ends(graph.inputs, edges.inputs, true);
  const outputs = ends(graph.outputs, edges.outputs, false);
  const nodes = [...inputs.map((i) => i.node), ...graph.nodes, ...outputs.map((o) => o.node)].filter((n) => n !== null);
  return { ...graph, tensors, nodes, inputs: inputs.map((i) => i.outside), outputs: outputs.map((o) => o.outside) };
}

/** An input keeps its scale even if another was measured since; an output takes that of the network, unless the network's is unchanged. */
function outsideQuant({ dtype, quant, inside }: Edge, within: Tensor, isInput: boolean): Quantization | null {
  if (dtype === 'f32') return null;
  if (quant && (isInput || sameQuant(inside?.quant, within.quant))) return quant;
  return dtype === 'u8' ? unsigned(within.quant!) : within.quant;
}

const sameQuant = (a: Quantization | null | undefined, b: Quantization | null) =>
  a?.scales[0] === b?.scales[0] && a?.zeros[0] === b?.zeros[0] && a?.bits === b?.bits;

const unsigned = (quant: Quantization): Quantization => ({ ...quant, zeros: quant.zeros.map((z) => z + 128) });

/**
 * Edges that give a network the type asked for at all its inputs and outputs.
 *
 * @throws CompressError `bad-option` where its numbers cannot have that type
 */
export function edgesFor(graph: Graph, type: IoType): Edges {
  const isQuantized = graph.tensors.some((t) => t.quant);
  const edge = (t: number): Edge | null => {
    const { name, dtype, quant } = graph.tensors[t];
    const own = quant ? DTYPE_OF_BITS[quant.bits] : dtype;
    if (own === NAMED[type] || (isInteger(own) && !quant)) return null;
    if (own === 'i8' && type === 'uint8') return { name, dtype: 'u8', quant: unsigned(quant!), inside: null };
    if (isInteger(own) && type === 'float32') return { name, dtype: 'f32', quant: null, inside: null };
    throw new CompressError(
      'bad-option',
      `"${name}" is ${own === 'f32' ? 'float32' : own} and cannot be ${type} at the edge of the model`,
      own !== 'f32' ? 'give float32, or leave it out: then the type stays' : isQuantized ? SCALED : 'quantize the model first',
    );
  };
  return { inputs: graph.inputs.map(edge), outputs: graph.outputs.map(edge) };
}

const SCALED =
  'no one scale holds its features, so that each is scaled: leave --io out, or give the model scaled data (--mean, --std) and --no-scale-inputs';

const NAMED: Readonly<Record<IoType, DType>> = { int8: 'i8', uint8: 'u8', float32: 'f32' };
