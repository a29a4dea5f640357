import { CompressError } from '../errors.ts';
import { type Graph, isInteger, type Node, showShape, sizeOf, type Tensor } from '../graph/graph.ts';
import { OPS } from '../ops/index.ts';

/** What is wrong with a graph, in words, or null: indices, order, operands, shapes, quantization. */
export function findProblem(graph: Graph): string | null {
  return inputsProblem(graph) ?? nodesProblem(graph);
}

function first<T>(items: readonly T[], problem: (item: T, index: number) => string | null): string | null {
  for (let i = 0; i < items.length; i++) {
    const found = problem(items[i], i);
    if (found) return found;
  }
  return null;
}

function inputsProblem({ tensors, inputs, outputs }: Graph): string | null {
  if (!inputs.length || !outputs.length) return `it has ${inputs.length} inputs and ${outputs.length} outputs`;
  const outside = [...inputs, ...outputs].find((t) => !(t >= 0 && t < tensors.length));
  if (outside !== undefined) return `its inputs and outputs name tensor ${outside} of ${tensors.length}`;
  const constant = inputs.find((t) => tensors[t].data);
  return constant === undefined ? null : `input "${tensors[constant].name}" is a constant`;
}

function emptyProblem({ name, shape }: Tensor): string | null {
  if (shape.every((d) => Number.isInteger(d) && d > 0)) return null;
  return `has the tensor "${name}" of shape ${showShape(shape)}, which holds no values`;
}

function tensorProblem({ name, shape, data, quant, dtype }: Tensor): string | null {
  const size = sizeOf(shape);
  if (data && data.length !== size) return `has the tensor "${name}" with ${data.length} values, its shape takes ${size}`;
  if (!quant) return null;
  const expected = quant.axis === null ? 1 : shape[quant.axis];
  if (quant.scales.length !== expected || quant.zeros.length !== expected) {
    return `has the tensor "${name}" with ${quant.scales.length} scales and ${quant.zeros.length} zero points, not ${expected}`;
  }
  if (dtype === 'i4' && data && (data as Int8Array).some((v) => v < -8 || v > 7))
    return `has the tensor "${name}" with values beyond 4 bits`;
  return null;
}

function nodesProblem(graph: Graph): string | null {
  const ready = new Set(graph.inputs);
  graph.tensors.forEach((t, i) => {
    if (t.data || t.variable) ready.add(i);
  });
  const found = first(graph.nodes, (node, i) => {
    const what = nodeProblem(graph, node, ready);
    for (const t of node.outputs) ready.add(t);
    return what && `operator ${i} (${node.op}, output "${node.name}") ${what}`;
  });
  const missing = graph.outputs.find((t) => !ready.has(t));
  return found ?? (missing === undefined ? null : `output "${graph.tensors[missing].name}" is never computed`);
}

function nodeProblem(graph: Graph, node: Node, ready: ReadonlySet<number>): string | null {
  const row = OPS[node.op];
  if (!row) return 'is not known';
  const wrong = [...node.inputs, ...node.outputs].find((t) => !(t >= -1 && t < graph.tensors.length));
  if (wrong !== undefined) return `names tensor ${wrong} of ${graph.tensors.length}`;
  const named = [...node.inputs, ...node.outputs].filter((t) => t >= 0).map((t) => graph.tensors[t]);
  const empty = first(named, emptyProblem);
  if (empty) return empty;
  const early = node.inputs.find((t) => t >= 0 && !ready.has(t));
  if (early !== undefined) return `reads "${graph.tensors[early].name}" before it is computed`;
  const again = node.outputs.find((t) => t < 0 || ready.has(t));
  if (again !== undefined) return again < 0 ? 'lacks an output' : `writes "${graph.tensors[again].name}", which is there already`;
  for (let i = 0; i < row.operands; i++) if (!(node.inputs[i] >= 0)) return `lacks operand ${i}`;
  return first(named, tensorProblem) ?? typeProblem(graph, node) ?? shapeProblem(graph, node);
}

/** The activations a node reads and writes are all float, or all integers that have a scale, but for whole numbers that mean themselves. */
function typeProblem({ tensors }: Graph, node: Node): string | null {
  if (OPS[node.op].outputRange === 'counted') return null;
  const computed = [...node.inputs, ...node.outputs].filter((t) => t >= 0 && !tensors[t].data).map((t) => tensors[t]);
  const bare = computed.find((t) => isInteger(t.dtype) && !t.quant);
  return bare ? `has the ${bare.dtype} operand "${bare.name}" without scale and zero point` : null;
}

function shapeProblem({ tensors }: Graph, node: Node): string | null {
  const shapes = node.inputs.map((t) => (t < 0 ? null : tensors[t].shape));
  try {
    const found = OPS[node.op].infer(shapes, node.attrs);
    if (found.length !== node.outputs.length) return `has ${node.outputs.length} outputs where its operands make ${found.length}`;
    for (let i = 0; i < found.length; i++) {
      const stated = tensors[node.outputs[i]].shape;
      if (found[i].join() !== stated.join()) return `makes ${showShape(found[i])} where the model says ${showShape(stated)}`;
    }
    return null;
  } catch (e) {
    if (e instanceof CompressError) return `: ${e.what}`;
    throw e;
  }
}
