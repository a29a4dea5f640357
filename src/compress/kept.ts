/** What a study keeps of its trials beside the journal: models, by the digests of their content. */
import { CompressError } from '../errors.ts';
import type { TrialRecord } from '../search/record.ts';
import type { Artifacts } from '../study/index.ts';
import type { ArmResult, Node } from './job.ts';
import type { NodeName } from './steps.ts';
import { factsOf, type TrialFacts } from './tree.ts';

export class Kept {
  readonly #artifacts: Artifacts;

  constructor(artifacts: Artifacts) {
    this.#artifacts = artifacts;
  }

  /** Keeps the models of a trial; its facts name them. */
  async facts(result: ArmResult, place: Pick<TrialFacts, 'from' | 'round' | 'plan'>): Promise<TrialFacts> {
    const { candidate, spares, walked, held, samples, macs } = result;
    const { stages, figures, margin, tflite, packed } = candidate;
    return {
      state: 'complete',
      ...place,
      samples,
      macs,
      stages: [...stages],
      figures,
      margin,
      file: await this.#artifacts.put(tflite),
      model: await this.#artifacts.put(packed),
      spares: await Promise.all(
        spares.map(async (c) => ({
          stages: [...c.stages],
          file: await this.#artifacts.put(c.tflite),
          figures: c.figures,
          margin: c.margin,
          value: c.value,
        })),
      ),
      ...(walked && { walked: await this.#placed(walked) }),
      ...(held && { held: await this.#placed(held) }),
    };
  }

  async #placed({ stages, packed }: Node): Promise<{ stages: Node['stages'][number][]; model: string }> {
    return { stages: [...stages], model: await this.#artifacts.put(packed) };
  }

  /** A node of a trial to continue from; its candidate where it has none of that name. */
  async node(record: TrialRecord, which: NodeName): Promise<Node> {
    const { stages, model, walked, held } = factsOf(record)!;
    const place = { candidate: null, walked, held }[which] ?? { stages, model: model! };
    return { stages: place.stages, packed: await this.file(place.model, record.number) };
  }

  /** @throws CompressError `bad-file` where it is gone */
  async file(name: string, trial: number): Promise<Uint8Array> {
    const bytes = await this.#artifacts.get(name);
    if (bytes) return bytes;
    throw new CompressError(
      'bad-file',
      `the model of trial ${trial} (${name}) is missing`,
      'start a new study in another folder',
    );
  }
}
