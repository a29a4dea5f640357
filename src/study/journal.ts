import { CompressError } from '../errors.ts';
import { type Choice, categories, type Distribution, numberRange } from '../search/distribution.ts';

/**
 * One line of a journal in Optuna's format: operations on studies and trials, which are numbered from 0 over the whole file in order
 * of creation.
 */
export interface Op {
  readonly op_code: number;
  /** Who wrote it: any string. */
  readonly worker_id: string;
  readonly [field: string]: unknown;
}

/** A place in a journal, as a number of lines and the bytes or characters that they take. */
export interface Position {
  readonly offset: number;
  readonly lines: number;
}

export const START: Position = { offset: 0, lines: 0 };

/** Operations, one line each, that are only ever added to. */
export interface Journal {
  /** Its name for messages. */
  readonly place: string;
  /**
   * Adds operations in order; they survive the end of the process when this resolves.
   *
   * @param at only while the journal ends there
   * @returns whether they were added
   */
  append(ops: readonly Op[], at?: Position): Promise<boolean>;
  /** The operations after a position, and the position after them. @throws CompressError `bad-file` for a line that is no operation */
  read(from: Position): Promise<{ ops: Op[]; end: Position }>;
}

export const CREATE_STUDY = 0;
export const DELETE_STUDY = 1;
export const STUDY_USER_ATTR = 2;
export const STUDY_SYSTEM_ATTR = 3;
export const CREATE_TRIAL = 4;
export const PARAMETER = 5;
export const STATE = 6;
export const REPORT = 7;
export const TRIAL_USER_ATTR = 8;
export const TRIAL_SYSTEM_ATTR = 9;

/** Fields that hold floats; Python writes and expects 1.0 where JavaScript writes 1. */
const FLOATS = new Set(['param_value_internal', 'values', 'value', 'intermediate_value', 'constraints']);

/** The line of an operation, ending in a newline. Numbers that JSON lacks are written bare, as Python writes them. */
export const encode = (op: Op): string => `${toJson(op, false, ',', ':')}\n`;

/** A value as Python's json module writes it. @param floats its numbers are floats: 1.0 where JavaScript writes 1 */
export const pythonJson = (value: unknown, floats = false): string => toJson(value, floats, ', ', ': ');

function toJson(value: unknown, floats: boolean, comma: string, colon: string): string {
  if (typeof value === 'number')
    return floats ? pythonFloat(value) : Number.isFinite(value) ? JSON.stringify(value) : String(value);
  if (Array.isArray(value)) return `[${value.map((v) => toJson(v, floats, comma, colon)).join(comma)}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}${colon}${toJson(v, FLOATS.has(k), comma, colon)}`).join(comma)}}`;
  }
  return JSON.stringify(value ?? null);
}

/** A float as Python's repr: 1.0, 1e-05, 1e+16, NaN and Infinity as its json module writes them. */
export function pythonFloat(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  if (Object.is(x, -0)) return '-0.0';
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits, exponent] = x.toExponential().split('e');
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  const text = String(x);
  return text.includes('.') ? text : `${text}.0`;
}

const BARE = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;
const MARKED = new Map(['NaN', 'Infinity', '-Infinity'].map((token) => [`\u0000${token}`, Number(token)]));

/** @throws SyntaxError when it is not JSON with bare NaN, Infinity and -Infinity */
export function parsePythonJson(text: string): unknown {
  const marked = text.replace(BARE, (token) => (token[0] === '"' ? token : `"\\u0000${token}"`));
  return JSON.parse(marked, (_, v) => (typeof v === 'string' ? (MARKED.get(v) ?? v) : v));
}

/** @throws SyntaxError when it is no operation */
export function decode(line: string): Op {
  const op = parsePythonJson(line) as Op;
  if (typeof op?.op_code !== 'number') throw new SyntaxError('no op_code');
  return op;
}

/** @param before lines read earlier, for the line number in a message */
export function decodeLines(text: string, before: number, where: string): Op[] {
  const lines = text.split('\n');
  lines.pop();
  return lines.map((line, i) => {
    try {
      return decode(line);
    } catch {
      throw new CompressError(
        'bad-file',
        `line ${before + i + 1} of ${where} is not an operation of an Optuna journal`,
        before + i === 0
          ? 'give a study file, or start a new one elsewhere'
          : `the lines before are sound: keep a copy, remove line ${before + i + 1} and all after it, then resume`,
      );
    }
  });
}

/** The text of a distribution in an operation. */
export function encodeDistribution(d: Distribution): string {
  if (d.kind === 'categorical') {
    return `{"name": "CategoricalDistribution", "attributes": {"choices": ${pythonJson(d.choices)}}}`;
  }
  if (d.kind === 'int') {
    return `{"name": "IntDistribution", "attributes": {"log": ${d.log}, "step": ${d.step}, "low": ${d.low}, "high": ${d.high}}}`;
  }
  const step = d.step > 0 ? pythonFloat(d.step) : 'null';
  const range = `"low": ${pythonFloat(d.low)}, "high": ${pythonFloat(d.high)}`;
  return `{"name": "FloatDistribution", "attributes": {"step": ${step}, ${range}, "log": ${d.log}}}`;
}

export function decodeDistribution(name: string, text: string): Distribution {
  const { name: kind, attributes: a } = JSON.parse(text) as { name: string; attributes: Record<string, unknown> };
  if (kind === 'CategoricalDistribution') return categories(name, a.choices as Choice[]);
  if (kind !== 'FloatDistribution' && kind !== 'IntDistribution') {
    throw new CompressError(
      'bad-file',
      `parameter "${name}" has an unknown distribution ${kind}`,
      'use a study of Optuna 3.0 or later',
    );
  }
  const log = a.log === true;
  const step = log || a.step === null ? undefined : (a.step as number);
  return numberRange(name, kind === 'IntDistribution' ? 'int' : 'float', a.low as number, a.high as number, { log, step });
}

/** A moment as ISO 8601 in UTC, the way Python reads it. */
export const timestamp = (): string => new Date().toISOString().replace('Z', '000+00:00');
