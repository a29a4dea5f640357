import { create } from '@bufbuild/protobuf';
import { AttributeProtoSchema, type NodeProto, NodeProtoSchema } from './generated/onnx_pb.ts';

/** Operators that older opsets lack and exporters spell out, as the one operator that they are. */

/** Constants of one number, by name. */
export type Scalars = (name: string) => number | null;

interface Net {
  readonly scalars: Scalars;
  /** The node that makes a value. */
  readonly by: ReadonlyMap<string, NodeProto>;
}

/** What a node works on beside a constant close to `value`; null where it is no such node. */
function besides({ scalars }: Net, node: NodeProto | undefined, type: string, value: number): string | null {
  if (node?.opType !== type) return null;
  const [a, b] = node.input;
  const near = (name: string) => Math.abs((scalars(name) ?? Number.NaN) - value) <= 1e-5 * Math.abs(value);
  if (near(b)) return a;
  return near(a) && type !== 'Div' ? b : null;
}

/** x where y = 0.5 * x * (1 + erf(x / sqrt(2))), with the products in any order. */
function geluOf(net: Net, node: NodeProto): string | null {
  const sides = (n: NodeProto | undefined): [string, string] | null => (n?.opType === 'Mul' ? [n.input[0], n.input[1]] : null);
  const halved = (name: string): string | null => besides(net, net.by.get(name), 'Mul', 0.5);
  const distribution = (name: string): string | null => {
    const inner = besides(net, net.by.get(name), 'Add', 1);
    const erf = inner === null ? undefined : net.by.get(inner);
    const scaled = erf?.opType === 'Erf' ? net.by.get(erf.input[0]) : undefined;
    return besides(net, scaled, 'Div', Math.SQRT2) ?? besides(net, scaled, 'Mul', Math.SQRT1_2);
  };
  // (x * (1 + erf)) * 0.5
  const product = besides(net, node, 'Mul', 0.5);
  const whole = sides(product === null ? undefined : net.by.get(product));
  for (const [x, phi] of whole ? [whole, [whole[1], whole[0]]] : []) if (distribution(phi) === x) return x;
  // (x * 0.5) * (1 + erf), x * (0.5 * (1 + erf))
  const parts = sides(node);
  for (const [a, b] of parts ? [parts, [parts[1], parts[0]]] : []) {
    const x = halved(a);
    if (x !== null && distribution(b) === x) return x;
    const phi = halved(b);
    if (phi !== null && distribution(phi) === a) return a;
  }
  return null;
}

/** Nodes, in order, with a spelled-out Gelu as a Gelu; its parts are removed unless another node reads them. */
export function withGelus(nodes: readonly NodeProto[], outputs: readonly string[], scalars: Scalars): NodeProto[] {
  if (!nodes.some((n) => n.opType === 'Erf')) return [...nodes];
  const by = new Map(nodes.flatMap((n) => n.output.map((name) => [name, n] as const)));
  const net: Net = { scalars, by };
  const found = nodes.map((node) => {
    const x = geluOf(net, node);
    if (x === null) return node;
    const none = create(AttributeProtoSchema, { name: 'approximate', type: 3, s: new TextEncoder().encode('none') });
    return create(NodeProtoSchema, { opType: 'Gelu', name: node.name, input: [x], output: node.output, attribute: [none] });
  });
  const before = neededBy(nodes, outputs);
  const after = neededBy(found, outputs);
  return found.filter((node) => after.has(node) || !before.has(node));
}

/** Nodes that some output depends on. */
function neededBy(nodes: readonly NodeProto[], outputs: readonly string[]): Set<NodeProto> {
  const names = new Set(outputs);
  const needed = new Set<NodeProto>();
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((o) => names.has(o))) continue;
    needed.add(node);
    for (const name of node.input) names.add(name);
  }
  return needed;
}
