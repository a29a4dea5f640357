import { badFile, isOnnx } from './decode.ts';
import type { FunctionProto, NodeProto } from './generated/onnx_pb.ts';

const DEEPEST = 32;
const MOST_NODES = 1e5;

/** Nodes with calls of the model's own functions (exporters put a module into one) replaced by what the functions hold. */
export function inlined(nodes: readonly NodeProto[], functions: readonly FunctionProto[]): NodeProto[] {
  const byName = new Map(functions.map((f) => [`${f.domain}/${f.name}/${f.overload}`, f]));
  const out: NodeProto[] = [];
  let calls = 0;
  const visit = (list: readonly NodeProto[], level: number): void => {
    if (level > DEEPEST) throw badFile(`its functions call each other more than ${DEEPEST} deep`);
    for (const node of list) {
      const body = byName.get(`${node.domain}/${node.opType}/${node.overload}`);
      if (!body || isOnnx(node.domain)) out.push(node);
      else visit(called(body, node, calls++), level + 1);
      if (out.length > MOST_NODES) throw badFile(`its functions make more than ${MOST_NODES} operators`);
    }
  };
  visit(nodes, 0);
  return out;
}

/** The nodes of a function with the names and attributes of one call. */
function called(body: FunctionProto, call: NodeProto, number: number): NodeProto[] {
  const names = new Map([
    ...body.input.map((name, i) => [name, call.input[i] ?? ''] as const),
    ...body.output.map((name, i) => [name, call.output[i] || `${name}@${number}`] as const),
  ]);
  const now = (name: string) => (name === '' ? '' : (names.get(name) ?? `${name}@${number}`));
  const given = new Map([...body.attributeProto, ...call.attribute].map((a) => [a.name, a]));
  return body.node.map((node) => ({
    ...node,
    input: node.input.map(now),
    output: node.output.map(now),
    name: `${call.name}/${node.name}`,
    attribute: node.attribute.flatMap((a) => {
      if (!a.refAttrName) return [a];
      const found = given.get(a.refAttrName);
      return found ? [{ ...found, name: a.name }] : [];
    }),
  }));
}

/** Nodes in an order in which every operand is ready. @throws CompressError `bad-file` where they wait for each other */
export function sorted(nodes: readonly NodeProto[], ready: readonly string[]): NodeProto[] {
  const known = new Set(['', ...ready]);
  const made = new Set(nodes.flatMap((n) => n.output));
  const out: NodeProto[] = [];
  const waiting = new Map<string, number[]>();
  const missing = nodes.map((node, i) => {
    const names = new Set(node.input.filter((n) => made.has(n) && !known.has(n)));
    for (const n of names) waiting.set(n, [...(waiting.get(n) ?? []), i]);
    return names.size;
  });
  const queue = nodes.flatMap((_, i) => (missing[i] ? [] : [i]));
  // the file's own order where it is one already
  const seen = new Set<string>();
  const isSorted = nodes.every((node) => {
    const good = node.input.every((n) => !made.has(n) || known.has(n) || seen.has(n));
    for (const n of node.output) seen.add(n);
    return good;
  });
  if (isSorted) return [...nodes];
  for (let k = 0; k < queue.length; k++) {
    out.push(nodes[queue[k]]);
    for (const n of new Set(nodes[queue[k]].output)) for (const i of waiting.get(n) ?? []) if (--missing[i] === 0) queue.push(i);
  }
  if (out.length === nodes.length) return out;
  const stuck = nodes.find((_, i) => missing[i] > 0)!;
  throw badFile(`its operators wait for each other in a circle, among them ${stuck.opType} "${stuck.name || stuck.output[0]}"`);
}
