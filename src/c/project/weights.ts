import { BYTES_OF_TYPE, type Table } from '../parts.ts';

const COLUMNS: Readonly<Record<string, number>> = { 1: 24, 2: 16, 4: 8, 8: 4 };

const literal = (type: string, v: number | bigint): string => {
  if (type === 'uint32_t') return `0x${(Number(v) >>> 0).toString(16)}u`;
  if (type === 'int32_t' && Number(v) === -(2 ** 31)) return '(-2147483647 - 1)';
  if (type === 'int64_t') return `INT64_C(${v})`;
  return String(v);
};

/** Definition of a table. */
function definition({ name, type, values }: Table): string {
  const columns = COLUMNS[BYTES_OF_TYPE[type]];
  const rows: string[] = [];
  for (let i = 0; i < values.length; i += columns) {
    const row = Array.from({ length: Math.min(columns, values.length - i) }, (_, k) => literal(type, values[i + k]));
    rows.push(`    ${row.join(', ')},`);
  }
  return `_Alignas(16) const ${type} ${name}[${values.length}] = {\n${rows.join('\n')}\n};\n`;
}

export const weightsText = (tables: readonly Table[], name: string): string =>
  [`#include "${name}_weights.h"\n`, ...tables.map(definition)].join('\n');

export const weightsHeader = (tables: readonly Table[], name: string): string => {
  const guard = `${name.toUpperCase()}_WEIGHTS_H`;
  const declared = tables.map((t) => `extern const ${t.type} ${t.name}[${t.values.length}];`);
  return [`#ifndef ${guard}`, `#define ${guard}`, '#include <stdint.h>', ...declared, '#endif', ''].join('\n');
};
