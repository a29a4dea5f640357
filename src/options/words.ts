import type * as v from 'valibot';

/** What messages need to know of a schema. */
export interface SchemaShape {
  readonly type: string;
  /** Of an optional one. */
  readonly wrapped?: SchemaShape;
  /** Of one that is known only when a value is checked. */
  readonly getter?: (value: undefined) => SchemaShape;
  /** By the names of an object's fields. */
  readonly entries?: Readonly<Record<string, SchemaShape>>;
  /** Of a list. */
  readonly item?: SchemaShape;
  /** Of a record's fields of any name. */
  readonly value?: SchemaShape;
  /** That a picklist or a union has. */
  readonly options?: readonly unknown[];
  /** Of a tuple. */
  readonly items?: readonly SchemaShape[];
  readonly pipe?: readonly Piped[];
}

interface Piped {
  readonly type: string;
  readonly requirement?: unknown;
  readonly pipe?: readonly Piped[];
}

export const unwrapped = (shape: SchemaShape): SchemaShape => (shape.wrapped ? unwrapped(shape.wrapped) : shape);

/** The schema of which values it takes. */
export const kindOf = (shape: SchemaShape): SchemaShape => {
  const inner = unwrapped(shape);
  return inner.getter ? kindOf(inner.getter(undefined)) : inner;
};

/** Everything that a value is checked by, one after another. */
export const checksOf = ({ pipe = [] }: Pick<SchemaShape, 'pipe'>): Piped[] => pipe.flatMap((p) => [p, ...checksOf(p)]);

const BOUNDS: Readonly<Record<string, string>> = {
  min_value: 'at least',
  gt_value: 'above',
  max_value: 'at most',
  lt_value: 'below',
};

const KINDS: Readonly<Record<string, string>> = {
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  strict_object: 'an object',
  record: 'an object',
};

const RECEIVED: Readonly<Record<string, string>> = { Array: 'a list', Object: 'an object' };

/** What a value must be and is not, after the name of its field: `must be at least 0 and below 1, not 1`. */
export function demand(schema: SchemaShape, issue: v.BaseIssue<unknown>): string {
  const last = issue.path?.at(-1);
  if (last && 'origin' in last && last.origin === 'key') return 'is missing';
  const at = (issue.path ?? []).reduce<SchemaShape>((shape, { key }) => {
    const { entries, item, value } = unwrapped(shape);
    return entries?.[String(key)] ?? item ?? value ?? shape;
  }, schema);
  return `must be ${wanted(kindOf(at), issue)}, not ${RECEIVED[issue.received] ?? issue.received}`;
}

function wanted(shape: SchemaShape, issue: v.BaseIssue<unknown>): string {
  const { type, options, items } = shape;
  const checks = checksOf(shape);
  if (options && type === 'picklist') return `one of ${options.map((o) => JSON.stringify(o)).join(', ')}`;
  if (items) return `a list of ${items.length}`;
  if (options && type === 'union') return (options as readonly SchemaShape[]).map((o) => wanted(kindOf(o), issue)).join(' or ');
  const bounds = checks.flatMap((p) => (BOUNDS[p.type] ? [`${BOUNDS[p.type]} ${p.requirement}`] : []));
  const whole = checks.some((p) => p.type === 'integer');
  const kind = whole ? 'a whole number' : issue.kind === 'schema' || !bounds.length ? (KINDS[type] ?? issue.expected) : null;
  const parts = [...(kind ? [kind] : []), ...bounds];
  return parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts[0];
}
