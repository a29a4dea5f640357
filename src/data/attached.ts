/** A front end in a model's file: what computes its input from samples, and how features are normalized. */
import { CompressError } from '../errors.ts';
import type { FrontEnd } from '../features/front_end.ts';
import { type FrontEndFacts, factsOf, frontEndOf } from '../features/make.ts';
import type { Attachments, Graph } from '../graph/graph.ts';
import type { Dataset, Normalization } from './dataset.ts';

/** The name of its metadata. */
const NAME = 'thumbnet_front_end';

export interface AttachedFrontEnd {
  readonly facts: FrontEndFacts;
  readonly frontEnd: FrontEnd;
  readonly normalization: Normalization;
}

const NONE: Attachments = {
  format: 'tflite',
  description: '',
  signatures: [],
  metadata: [],
  files: {},
  anyBatch: false,
  about: { interface: '', operators: '' },
};

/** The graph with the front end of the data that it is for; as it is where the data has none. */
export function withFrontEndOf(graph: Graph, { frontEnd, normalization }: Dataset): Graph {
  if (!frontEnd) return graph;
  const text = JSON.stringify({ ...factsOf(frontEnd), normalization });
  const attachments = graph.attachments?.format === 'tflite' ? graph.attachments : NONE;
  const others = attachments.metadata.filter(({ name }) => name !== NAME);
  return {
    ...graph,
    attachments: { ...attachments, metadata: [...others, { name: NAME, bytes: new TextEncoder().encode(text) }] },
  };
}

/** Whether a model's file names a front end. */
export const namesFrontEnd = ({ attachments }: Pick<Graph, 'attachments'>): boolean =>
  attachments?.metadata.some(({ name }) => name === NAME) ?? false;

/** The front end that a model's file names; null where it names none. @throws CompressError `bad-file` where it is damaged */
export function frontEndIn(graph: Pick<Graph, 'attachments'>): AttachedFrontEnd | null {
  const found = graph.attachments?.metadata.find(({ name }) => name === NAME);
  if (!found) return null;
  try {
    const { normalization, ...facts } = JSON.parse(new TextDecoder().decode(found.bytes));
    const { scale, mean, std } = normalization;
    const areNumbers = [scale, ...mean, ...std].every((v) => typeof v === 'number' && Number.isFinite(v));
    if (!areNumbers) throw new Error('its normalization is no numbers');
    return { facts, frontEnd: frontEndOf(facts), normalization: { scale, mean, std } };
  } catch (e) {
    throw new CompressError(
      'bad-file',
      `the front end in the model is damaged: ${(e as Error).message}`,
      'write the model again',
    );
  }
}
