/** Chips that the table lacks: a core with a clock and memory, or a description of one's own. */
import * as v from 'valibot';
import { CompressError } from '../errors.ts';
import { checkOptions } from '../options/index.ts';
import type { CoreName, Target } from './index.ts';
import { KINDS } from './kinds.ts';

const CORES = Object.keys(KINDS) as CoreName[];

/** 64K, 1M, 0.5MiB, 65536 as bytes; null for other text. */
export function parseBytes(text: string): number | null {
  const found = /^(\d+(?:\.\d+)?)\s*([kKmM]?)(i?[bB])?$/.exec(text.trim());
  if (!found) return null;
  return Math.round(Number(found[1]) * { '': 1, k: 1024, m: 1024 * 1024 }[found[2].toLowerCase() as '' | 'k' | 'm']);
}

/** 84, 84MHz, 1GHz, 84000kHz as MHz; null for other text. */
export function parseMegahertz(text: string): number | null {
  const [, digits, unit = 'mhz'] = /^(\d+(?:\.\d+)?)\s*([kmg]?hz)?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return null;
  return Number(digits) * { hz: 1e-6, khz: 1e-3, mhz: 1, ghz: 1e3 }[unit.toLowerCase() as 'hz' | 'khz' | 'mhz' | 'ghz'];
}

const wholeBytes = v.pipe(v.number(), v.integer(), v.minValue(1));
const byteText = v.pipe(
  v.string(),
  v.check((text) => parseBytes(text) !== null, 'must be a size, as "512K" or 524288'),
);
const bytes = v.union([wholeBytes, byteText]);
const positive = v.pipe(v.number(), v.minValue(0.001));

/** A chip in JSON; assets/target.schema.json says the same to editors. */
const chipSchema = v.object({
  $schema: v.optional(v.string()),
  name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.+-]*$/)),
  core: v.picklist(CORES),
  flashBytes: bytes,
  ramBytes: bytes,
  clockMhz: positive,
  fpu: v.optional(v.picklist(['none', 'sp', 'dp'])),
  waitStates: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0)))),
  cache: v.optional(v.picklist(['none', 'flash', 'l1', 'xip'])),
  microampPerMhz: v.optional(v.nullable(positive)),
  supplyV: v.optional(positive),
});

/** A chip of one's own, as a file or a program describes it. */
export type OwnTarget = v.InferInput<typeof chipSchema>;

const usualFpu = (core: CoreName): Target['fpu'] => (/m0|m3$/.test(core) ? 'none' : 'sp');
const usualCache = (core: CoreName): Target['cache'] => (/m7|m55|m85/.test(core) ? 'l1' : /m0|m3$/.test(core) ? 'none' : 'flash');
const asBytes = (size: number | string): number => (typeof size === 'string' ? parseBytes(size)! : size);

/** @throws CompressError `bad-option` naming the first field that cannot be */
export function ownTarget(description: unknown, where = 'the chip'): Target {
  if (typeof description !== 'object' || description === null || Array.isArray(description))
    throw new CompressError('bad-option', `${where} is no JSON object`, EXAMPLE);
  let found: v.InferOutput<typeof chipSchema>;
  try {
    found = checkOptions(chipSchema, description, where);
  } catch (e) {
    throw e instanceof CompressError ? new CompressError(e.code, e.what, EXAMPLE) : e;
  }
  const { name, core, flashBytes, ramBytes, clockMhz, microampPerMhz = null, supplyV = 3.3 } = found;
  return {
    name: name.toLowerCase(),
    core,
    kind: KINDS[core],
    fpu: found.fpu ?? usualFpu(core),
    flashBytes: asBytes(flashBytes),
    ramBytes: asBytes(ramBytes),
    clockMhz,
    waitStates: found.waitStates ?? null,
    cache: found.cache ?? usualCache(core),
    microampPerMhz,
    supplyV,
    power: microampPerMhz === null ? 'none' : 'vendor',
    sources: ['OWN'],
    aliases: [],
  };
}

const EXAMPLE =
  'give {"name": "my-board", "core": "cortex-m4", "flashBytes": "512K", "ramBytes": "128K", "clockMhz": 100}; assets/target.schema.json has all fields';

const GENERIC = /^(?:cortex-?)?(m0\+|m0plus|m0|m3|m4f?|m7|m33|m55|m85)@([^,]+),([^,]+),([^,]+)$/i;
const CORE_ALONE = /^(?:cortex-?)?m\d+(?:\+|plus|f)?$/i;

/**
 * `cortex-m4@100MHz,512K,128K`: a core, its clock, flash and RAM. null for a text of another form.
 *
 * @throws CompressError `bad-option` for a clock or size that cannot be
 */
export function genericTarget(text: string): Target | null {
  const found = GENERIC.exec(text.trim());
  if (!found) {
    if (!text.includes('@') && !CORE_ALONE.test(text.trim())) return null;
    throw new CompressError('unknown-target', `"${text}" is no core with clock, flash and RAM`, GENERIC_FIX);
  }
  const [core, clockMhz, flashBytes, ramBytes] = [
    found[1].toLowerCase().replace('plus', '+').replace('m4f', 'm4'),
    parseMegahertz(found[2]),
    parseBytes(found[3]),
    parseBytes(found[4]),
  ];
  if (!clockMhz || !flashBytes || !ramBytes)
    throw new CompressError('unknown-target', `"${text}" has a clock or size that is not known`, GENERIC_FIX);
  const kib = (n: number) => (n % 1024 ? `${n}` : `${n / 1024}k`);
  const name = `cortex-${core}@${clockMhz}mhz,${kib(flashBytes)},${kib(ramBytes)}`;
  return {
    ...ownTarget({ name: 'generic', core: `cortex-${core}`, flashBytes, ramBytes, clockMhz }),
    name,
    sources: ['GENERIC'],
  };
}

const GENERIC_FIX = `write CORE@CLOCK,FLASH,RAM as cortex-m4@100MHz,512K,128K; cores: ${CORES.join(', ')}`;

/** Chips that people ask for and that are no Cortex-M, by the beginning of their names. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^esp32(c|h|p)/, 'its core is RISC-V'],
  [/^esp(32|8266)|^xtensa/, 'its core is an Xtensa'],
  [/^(ch32v|gd32v|k210|bl602|riscv|rv32)/, 'its core is RISC-V'],
  [/^(atmega|attiny|arduinouno|arduinonano$|arduinomega|avr)/, 'its core is an AVR'],
  [/^(msp430)/, 'its core is an MSP430'],
  [/^(pic1|pic2|pic3|dspic)/, 'its core is a PIC'],
  [/^(raspberrypi(2|3|4|5|zero)|rpi|bcm2|jetson|cortexa|imx(6|8|9)|stm32mp)/, 'its core is a Cortex-A'],
  [/^(cortexr|tms570)/, 'its core is a Cortex-R'],
  [/^(c2000|tms320)/, 'its core is a C28x'],
];

/** Why a chip is not among the targets; null for a name that says nothing. @param plain letters and digits */
export const foreignCore = (plain: string): string | null => FOREIGN.find(([name]) => name.test(plain))?.[1] ?? null;
