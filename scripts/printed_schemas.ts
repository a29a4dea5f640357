/** JSON Schemas of what verbs print with --json, from the types of what they hand to `Output.result`. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Node } from 'typescript/unstable/ast';
import { isCallExpression, isPropertyAccessExpression } from 'typescript/unstable/ast/is';
import { API, type Checker, SymbolFlags, type Type, TypeFlags, type UnionType } from 'typescript/unstable/sync';
import type { Json } from './schemas.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const CLI = `${ROOT}src/cli/`;

/** Verbs of a file, where they are not its name; a verb of several files prints what one of them says. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  compress_results: ['compress', 'demo'],
  dry_run: ['compress'],
  export_c: ['export'],
  stages: ['prune', 'quantize', 'finetune', 'distill', 'run'],
};

/** By verb. */
export function printedSchemas(): Readonly<Record<string, Json>> {
  const api = new API({ cwd: ROOT });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [`${ROOT}tsconfig.json`] });
    const { program, checker } = snapshot.getProject(`${ROOT}tsconfig.json`)!;
    const found = new Map<string, Json[]>();
    for (const name of readdirSync(CLI).filter((file) => file.endsWith('.ts'))) {
      const visit = (node: Node): void => {
        if (isCallExpression(node) && isResult(node.expression)) {
          const schema = schemaOf(checker.getTypeAtLocation(node.arguments[0])!, checker, []);
          for (const verb of VERBS[name.slice(0, -3)] ?? [name.slice(0, -3)])
            found.set(verb, [...(found.get(verb) ?? []), schema]);
        }
        node.forEachChild(visit);
      };
      visit(program.getSourceFile(CLI + name)!);
    }
    const title = (verb: string) => `what thumbnet ${verb} --json prints, version 1`;
    const verbs = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      verbs.map(([verb, all]) => [verb, { title: title(verb), ...(all.length > 1 ? { anyOf: all } : all[0]) }]),
    );
  } finally {
    api.close();
  }
}

const isResult = (e: Node): boolean =>
  isPropertyAccessExpression(e) && e.name.text === 'result' && e.expression.getText() === 'out';

/** @param within ids of the objects that it is in: one that holds itself is any object there */
function schemaOf(type: Type, checker: Checker, within: readonly number[]): Json {
  const inner = (t: Type) => schemaOf(t, checker, within);
  const { flags } = type;
  if (flags & (TypeFlags.Any | TypeFlags.Unknown)) return {};
  if (type.isUnionType()) return unionOf(type, inner);
  if (type.isLiteralType() && typeof type.value !== 'bigint') return { const: type.value };
  if (flags & TypeFlags.StringLike) return { type: 'string' };
  if (flags & TypeFlags.NumberLike) return { type: 'number' };
  if (flags & TypeFlags.BooleanLike) return { type: 'boolean' };
  if (flags & TypeFlags.Null) return { type: 'null' };
  if (checker.isTupleType(type)) return { type: 'array', prefixItems: checker.getTypeArguments(type as never).map(inner) };
  if (checker.isArrayType(type)) return { type: 'array', items: inner(checker.getTypeArguments(type as never)[0]) };
  if (within.includes(type.id)) return { type: 'object' };
  return objectOf(type, checker, (t) => schemaOf(t, checker, [...within, type.id]));
}

function unionOf(type: UnionType, inner: (t: Type) => Json): Json {
  const all = type
    .getTypes()
    .filter((t) => !(t.flags & TypeFlags.Undefined))
    .map(inner);
  const literals = all.filter((s) => 'const' in s).map((s) => s.const);
  const isBoolean = literals.includes(true) && literals.includes(false);
  const rest = isBoolean ? literals.filter((v) => typeof v !== 'boolean') : literals;
  const others = all.filter((s) => !('const' in s));
  const choices = [...others, ...(isBoolean ? [{ type: 'boolean' }] : []), ...(rest.length ? [{ enum: rest }] : [])];
  return choices.length === 1 ? choices[0] : { anyOf: choices };
}

function objectOf(type: Type, checker: Checker, inner: (t: Type) => Json): Json {
  const values = checker.getIndexInfosOfType(type).find(({ keyType }) => keyType.flags & TypeFlags.String);
  if (values) return { type: 'object', additionalProperties: inner(values.valueType) };
  const properties: Record<string, Json> = {};
  const required: string[] = [];
  for (const symbol of checker.getPropertiesOfType(type)) {
    const own = checker.getTypeOfSymbol(symbol)!;
    properties[symbol.name] = inner(own);
    if (!(symbol.flags & SymbolFlags.Optional) && !mayLack(own)) required.push(symbol.name);
  }
  return { type: 'object', properties, ...(required.length && { required }) };
}

const mayLack = (type: Type): boolean =>
  Boolean(type.flags & (TypeFlags.Undefined | TypeFlags.Any | TypeFlags.Unknown)) ||
  (type.isUnionType() && type.getTypes().some((t) => t.flags & TypeFlags.Undefined));
