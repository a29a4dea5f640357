import { CompressError } from '../errors.ts';
import { compact, type Graph } from '../graph/graph.ts';
import { findProblem } from '../run/verify.ts';

/** Elements of one tensor: no network comes near it, and a shape beyond it is damage. */
export const MOST_ELEMENTS = 2 ** 28;

/**
 * A graph that was read, without what no output depends on.
 *
 * @throws CompressError what `bad` makes of the first thing wrong with it; `bad-file` for a constant that is NaN or infinite
 */
export function checked(graph: Graph, bad: (what: string) => CompressError): Graph {
  const problem = findProblem(graph);
  if (problem) throw bad(problem);
  const used = compact(graph);
  for (const { name, data } of used.tensors) {
    const place = data instanceof Float32Array ? data.findIndex((value) => !Number.isFinite(value)) : -1;
    if (place < 0) continue;
    throw new CompressError(
      'bad-file',
      `the constant "${name}" is ${data![place]} at element ${place} of ${data!.length}`,
      'give a model whose weights are finite numbers: the training of this one diverged, or the file is damaged',
    );
  }
  return used;
}
