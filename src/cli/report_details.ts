/** What the report says behind the summary, found out once a result is there. */
import { basename, dirname, join } from 'node:path';
import { type Trade, USUAL_TRADE } from '../c/parts.ts';
import { wayOf } from '../compress/figures.ts';
import type { CompressResult } from '../compress/index.ts';
import type { Dataset } from '../data/index.ts';
import { sha256 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import { importTflite } from '../formats/tflite/index.ts';
import { graphDigest } from '../graph/digest.ts';
import type { Graph } from '../graph/graph.ts';
import { shortName } from '../graph/names.ts';
import { type Profile, profile, type Target } from '../mcu/index.ts';
import { asStored } from '../model.ts';
import { explainQuantization } from '../quant/explain.ts';
import { decibels } from '../quant/output_error.ts';
import type { History } from '../report/index.ts';
import { bytes, milliseconds } from '../report/units.ts';
import type { Model } from '../stage.ts';
import { Heap } from '../wasm/heap.ts';

type Details = Pick<History, 'memory' | 'classes' | 'losses' | 'importance' | 'deploy' | 'digests'>;

export async function detailsOf(result: CompressResult, model: Model, data: Dataset, file: string): Promise<Details> {
  const { target, settings, recalls, importance } = result;
  const after = importTflite(result.tflite);
  const options = wayOf(settings);
  const found = profile(after, target, options);
  const note = storedText(after, found, target, options);
  const memory = { before: bytesOf(profile(asStored(model), target, options)), after: bytesOf(found), ...(note && { note }) };
  const losses = await lossesOf(after, data, settings.seed);
  return {
    memory,
    ...(recalls.result.length > 1 && {
      classes: {
        ...(data.classNames && { names: [...data.classNames] }),
        before: [...recalls.given],
        after: [...recalls.result],
      },
    }),
    ...(losses && { losses }),
    ...(importance && { importance: { ...importance } }),
    deploy: deployment(file, target.name, settings.trade),
    digests: {
      'the network as given': await graphDigest(model.graph),
      'model.tflite': await sha256(result.tflite),
    },
  };
}

/** Whole numbers of bytes by what they hold. */
function bytesOf({ flash, ram }: Profile): NonNullable<Details['memory']>['before'] {
  const parts = (of: object) =>
    Object.fromEntries(
      Object.entries(of).filter((e): e is [string, number] => e[0] !== 'total' && typeof e[1] === 'number' && e[1] > 0),
    );
  return { flash: parts(flash), ram: parts(ram) };
}

type Way = ReturnType<typeof wayOf>;

/** Why weights and biases take more bytes on the chip than in the file; null where they do not. @param found the profile of that way */
export function storedText(graph: Graph, found: Profile, target: Target, way: Way): string | null {
  const stored = found.flash.weights + found.flash.biases;
  if (stored <= found.weightBytes) return null;
  const why = whyStored(graph, target, way);
  return `Weights and biases are ${bytes(found.weightBytes)} in model.tflite and ${bytes(stored)} here: ${why}.`;
}

function whyStored(graph: Graph, target: Target, way: Way): string {
  if (!graph.tensors.some((t) => t.dtype === 'i4' && t.data)) return 'they are laid out as the kernels read them';
  if (way.runtime !== 'thumbnet' || way.trade === 'flash') return 'some weights of 4 bits are kept a byte each';
  const { flashBytes, latencyMs } = profile(graph, target, { ...way, trade: 'flash' });
  return `the C keeps weights of 4 bits a byte each, which is faster; with --trade flash, two to a byte and more code, all takes ${bytes(flashBytes)} of flash and ${milliseconds(latencyMs)}`;
}

/** Above it is what floats themselves round. */
const MOST_DECIBELS = 120;

/** To a tenth; null where nothing is lost. */
function noise(error: number | null): number | null {
  if (error === null || !(error > 0)) return null;
  const found = decibels(error);
  return found > MOST_DECIBELS ? null : Number(found.toFixed(1));
}

/** null where the network computes with real numbers, or cannot be run in both ways. */
async function lossesOf(graph: Graph, data: Dataset, seed: number): Promise<Details['losses'] | null> {
  try {
    const { examples, outputError, layers } = explainQuantization(await Heap.open(), graph, data, seed);
    return {
      examples,
      answersDb: noise(outputError),
      layers: layers.map((l) => ({
        name: shortName(l.name),
        bits: l.bits,
        outputDb: noise(l.error),
        outputAloneDb: noise(l.outputAlone),
        weightsAloneDb: noise(l.weightsAlone),
        cause: l.cause && `${l.cause.what}; what may help: ${l.cause.fix}`,
      })),
    };
  } catch (e) {
    if (e instanceof CompressError) return null;
    throw e;
  }
}

function deployment(file: string, chip: string, trade: Trade): NonNullable<Details['deploy']> {
  const target = trade === USUAL_TRADE ? chip : `${chip} --trade ${trade}`;
  const firmware = join(dirname(file), 'firmware');
  return [
    { what: 'Write C for the chip:', command: `npx thumbnet export ${file} --format c --target ${target} --out ${firmware}` },
    {
      what: 'Check it bit by bit on an emulated core:',
      command: `npx thumbnet verify ${file} --target ${target}`,
    },
    {
      what: `Build it; ${basename(firmware)}/README.md says how it is called:`,
      command: `cd ${firmware} && cmake -B build-arm -DCMAKE_TOOLCHAIN_FILE=board/toolchain.cmake && cmake --build build-arm`,
    },
    {
      what: 'Hold the next version against this one:',
      command: `npx thumbnet compare ${dirname(file)} NEXT --max-drop 1% --max-growth flash=0`,
    },
  ];
}
