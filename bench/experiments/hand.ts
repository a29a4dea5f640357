/** How a person makes a network small: cut a little where it saves the most for what it changes, distil, again; then fewer bits. */
import { allocate, measureFewerBits, measureSensitivity, type Sensitivity } from '../../src/compress/sensitivity.ts';
import { joinExamples } from '../../src/data/dataset.ts';
import type { Dataset, Part } from '../../src/data/index.ts';
import { distill } from '../../src/distill/index.ts';
import { judge } from '../../src/evaluate.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { inspect } from '../../src/inspect.ts';
import { asStored } from '../../src/model.ts';
import { runPipeline } from '../../src/pipeline.ts';
import { channelGroups, prune } from '../../src/prune/index.ts';
import { outlineRanges, quantize } from '../../src/quant/index.ts';
import { toFloat } from '../../src/run/integer.ts';
import { simplify } from '../../src/simplify/index.ts';
import type { Context, Model, QuantizeOptions } from '../../src/stage.ts';
import { recognizeTask, type Task } from '../../src/task/index.ts';
import type { Heap } from '../../src/wasm/heap.ts';
import type { Job } from './jobs.ts';
import { percent } from './paired.ts';
import type { Plan } from './plans.ts';

type Ratios = Readonly<Record<string, number>>;
type LayerBits = Readonly<Record<string, 4 | 8>>;

const SCHEME = quantize().options as unknown as QuantizeOptions;

export class Hand {
  readonly #job: Job;
  readonly #plan: Plan;
  readonly #context: Context & { readonly data: Dataset; readonly task: Task };
  /** Of the model as given in plain int8. */
  readonly #plain: { readonly macs: number; readonly weightBytes: number };

  /** @param pictures more examples to train on */
  constructor(job: Job, plan: Plan, heap: Heap, seed: number, pictures: Part | null) {
    this.#job = job;
    this.#plan = plan;
    const { train, validation } = job.data;
    const own = Array.from({ length: plan.times }, () => train!);
    const data = {
      ...job.data,
      train: joinExamples([...own, ...(pictures ? [pictures] : []), ...(plan.all ? [validation!] : [])]),
    };
    this.#context = { heap, data, task: recognizeTask(job.model.graph, data), seed, original: job.model };
    this.#plain = this.#sizeOf(job.model);
  }

  async small(): Promise<Model> {
    const { steps, cutTo } = this.#plan;
    const { model } = this.#job;
    this.#show('as given', model);
    let current = await simplify().run(model, this.#context);
    const from = this.#countOf(current);
    for (let i = 1; i <= steps; i++) {
      // Each cut leaves the same share of what was there.
      current = await this.#cut(current, from * (cutTo / from) ** (i / steps));
      this.#show(`cut ${i}`, current);
      current = await this.#trained(current, i < steps ? 0 : 1, i);
      this.#show('distilled', current);
    }
    current = await this.#inFewerBits(current);
    this.#show('in integers', current);
    current = await this.#trained(current, 2, steps + 1);
    this.#show('distilled through fake quantization', current);
    return current;
  }

  #accuracyOf(m: Model): number {
    const { heap, data, task } = this.#context;
    return judge(heap, m.facts.quantize ? asStored(m) : m.graph, data, 'validation', task).evaluation.accuracy!;
  }

  #show(what: string, m: Model): void {
    const { macs, weightBytes } = this.#sizeOf(m);
    const [shareOfMacs, shareOfBytes] = [macs / this.#plain.macs, weightBytes / this.#plain.weightBytes].map(percent);
    const size = `${macs} MACs (${shareOfMacs} %), ${weightBytes} bytes (${shareOfBytes} %)`;
    const seconds = (performance.now() / 1000).toFixed(0);
    console.log(`${what}: ${size}, ${percent(this.#accuracyOf(m))} %; ${seconds} s`);
  }

  /** Of its integers, in 8 bits but for layers that have fewer. */
  #sizeOf({ graph, facts }: Model, layerBits: LayerBits = {}) {
    const scheme = { ...SCHEME, layerBits };
    return inspect(facts.quantize ? { graph, facts } : outlineRanges({ graph, facts: {} }, this.#context, scheme));
  }

  /** What cuts save; plain int8 is 1. */
  #countOf(m: Model): number {
    const { macs, weightBytes } = this.#sizeOf(m);
    const share = this.#plan.counts.macs;
    return (share * macs) / this.#plain.macs + ((1 - share) * weightBytes) / this.#plain.weightBytes;
  }

  async #cut(m: Model, wanted: number): Promise<Model> {
    const { multiple } = this.#plan;
    const count = async (graph: Graph) => this.#countOf({ graph, facts: {} });
    const found = await measureSensitivity(m, channelGroups(toFloat(m.graph)), multiple, count, this.#context);
    const stage = (ratios: Ratios) => prune({ ratio: 0, ratios, multiple });
    const ratios = await leastChange(found, wanted, async (r) => this.#countOf((await stage(r).outline(m, this.#context))!));
    return runPipeline(m, [stage(ratios)], this.#context);
  }

  async #inFewerBits(m: Model): Promise<Model> {
    const bytes = async (layerBits: LayerBits) => this.#sizeOf(m, layerBits).weightBytes;
    const share = async (_: Graph, bits: LayerBits) => (await bytes(bits)) / this.#plain.weightBytes;
    const found = await measureFewerBits(m, share, this.#context);
    const ratios = await leastChange(found, this.#plan.bytes, (r) => bytes(fourOf(r)));
    const layerBits = fourOf(ratios);
    console.log(`4 bits: ${Object.keys(layerBits).length} of ${Object.keys(found).length} layers`);
    return runPipeline(m, [quantize({ layerBits, ...this.#plan.quantize })], this.#context);
  }

  async #trained(m: Model, kind: 0 | 1 | 2, round: number): Promise<Model> {
    const { epochs, learningRates, distill: how, own } = this.#plan;
    if (!epochs[kind]) return m;
    const aware = kind === 2 ? ({ qat: 'learned', freezeRanges: 0.2 } as const) : {};
    const options = { ...how, ...own?.[kind], ...aware, epochs: epochs[kind], learningRate: learningRates[kind], round };
    return runPipeline(m, [distill(options)], this.#context);
  }
}

const fourOf = (ratios: Ratios): Record<string, 4> =>
  Object.fromEntries(Object.entries(ratios).flatMap(([layer, ratio]) => (ratio ? [[layer, 4 as const]] : [])));

/** Ratios that bring `size` to `wanted` or less with the least change; what one price for all leaves over is given back where it may be. */
async function leastChange(found: Sensitivity, wanted: number, size: (ratios: Ratios) => Promise<number>): Promise<Ratios> {
  let [low, high] = [1e-6, 30];
  for (let i = 0; i < 40; i++) {
    const middle = Math.sqrt(low * high);
    if ((await size(allocate(found, {}, middle))) > wanted) low = middle;
    else high = middle;
  }
  const [less, more] = [low, high].map((change) => allocate(found, {}, change));
  let chosen: Ratios = more;
  for (const name of Object.keys(more)) {
    const smaller = [0, ...found[name].map((s) => s.ratio)].filter((r) => r >= less[name] && r < more[name]);
    for (const ratio of smaller) {
      const tried = { ...chosen, [name]: ratio };
      if ((await size(tried)) > wanted) continue;
      chosen = tried;
      break;
    }
  }
  return chosen;
}
