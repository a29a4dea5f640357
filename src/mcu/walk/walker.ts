/**
 * How often each part of a generated function runs, found by walking its text: loops count their turns, conditions on sizes are decided,
 * assembly is counted instruction by instruction. What depends on data is taken to go either way half of the time.
 */
import type { NamedText, Variant } from '../../c/parts.ts';
import { countAssembly } from '../assembly/count.ts';
import { type Listing, parseListing } from '../assembly/listing.ts';
import { parseFunctions } from '../c_text/parse.ts';
import { MACROS, preprocessed } from '../c_text/preprocess.ts';
import type { CFunction, Statement } from '../c_text/syntax.ts';
import { addressOf, Compiled } from './compiled.ts';
import { type Steered, steersOf } from './names.ts';
import type { Walk } from './runs.ts';

/** Instructions for each entry of the table of corrections. */
const CORRECTION = 24;

interface Known extends Steered {
  readonly listing: Listing | null;
  readonly walked: Map<string, Walk>;
  compiled: Compiled | null;
}

/** The functions of a code file, callees first. */
export class Walker {
  private readonly known = new Map<string, Known>();

  /** @param corrections entries of the layer's table of corrections */
  constructor(
    functions: readonly NamedText[],
    variant: Variant,
    private readonly corrections = 0,
  ) {
    for (const f of functions) {
      for (const definition of functionsOf(f, variant)) {
        const listing = definition.isNaked ? parseListing(linesOf(definition.body)) : null;
        const steering = new Set<string>();
        const used = listing ? null : steersOf(definition.body, this.known);
        for (const { name, isPointer } of definition.parameters) if (!isPointer && (!used || used.has(name))) steering.add(name);
        this.known.set(definition.name, { definition, steering, listing, walked: new Map(), compiled: null });
      }
    }
  }

  /** The loops of all functions in the order of their texts, as a compiler sees them (turnsOf). */
  get loops(): string {
    return [...this.known.values()].map((f) => (f.listing ? '' : this.compiled(f).loops)).join('');
  }

  /** One call. */
  walk(name: string, values: readonly number[]): Walk {
    const f = this.known.get(name);
    if (!f) throw new Error(`no text of the function ${name}`);
    const key = f.definition.parameters.map((p, i) => (f.steering.has(p.name) ? values[i] : '')).join();
    const before = f.walked.get(key);
    if (before) return before;
    const found = f.listing ? this.listed(f.definition, f.listing, values) : this.compiled(f).walk(values);
    f.walked.set(key, found);
    return found;
  }

  /** Of a function that is assembly as a whole. */
  private listed({ parameters }: CFunction, listing: Listing, values: readonly number[]): Walk {
    const given = values.map((v, i) => (parameters[i]?.isPointer ? addressOf(i) : v));
    const registers = new Map(given.slice(0, 4).flatMap((v, i) => (Number.isNaN(v) ? [] : [[`r${i}`, v] as const])));
    const counted = countAssembly(listing, registers, given.slice(4));
    // The one loop that data ends takes the entries of a table one after another.
    const more = parameters.some((p) => p.name === 'corrections') ? CORRECTION * this.corrections : 0;
    return { assembly: counted.instructions + more, worst: counted.worst, classes: counted, parts: new Map() };
  }

  private compiled(f: Known): Compiled {
    f.compiled ??= new Compiled(f.definition, this.known, (name, given) => this.walk(name, given));
    return f.compiled;
  }
}

const linesOf = (s: Statement): readonly string[] =>
  s.kind === 'assembly' ? s.lines : s.kind === 'block' ? s.of.flatMap(linesOf) : [];

/** A text is read once; it is written for one kind of core. */
const READ = new WeakMap<NamedText, CFunction[]>();

function functionsOf(f: NamedText, variant: Variant): CFunction[] {
  const before = READ.get(f);
  if (before) return before;
  const found = parseFunctions(preprocessed(f.text, (macro) => MACROS[variant].includes(macro)));
  READ.set(f, found);
  return found;
}
