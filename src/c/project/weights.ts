import { crc32 } from '../../digest.ts';
import { formatC } from '../format.ts';
import { BYTES_OF_TYPE, type CType, type Table } from '../parts.ts';
import { floatText } from './types.ts';

const COLUMNS: Readonly<Record<number, number>> = { 1: 24, 2: 16, 4: 8, 8: 4 };

function literal(type: CType, v: number | bigint): string {
  if (type === 'uint32_t') return `0x${(Number(v) >>> 0).toString(16)}u`;
  if (type === 'int32_t' && Number(v) === -(2 ** 31)) return '(-2147483647 - 1)';
  if (type === 'int64_t') return `INT64_C(${v})`;
  if (type === 'float') return floatText(Number(v));
  return type.startsWith('u') ? `${v}u` : String(v);
}

/** A table as it lies in the chip's memory. */
export function tableBytes({ type, values }: Table): Uint8Array {
  const size = BYTES_OF_TYPE[type];
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (type === 'int64_t') view.setBigInt64(8 * i, BigInt(v), true);
    else if (type === 'float') view.setFloat32(4 * i, Number(v), true);
    else if (size === 4) view.setInt32(4 * i, Number(v) | 0, true);
    else if (size === 2) view.setInt16(2 * i, Number(v), true);
    else view.setInt8(i, Number(v));
  }
  return bytes;
}

function definition({ name, type, values }: Table, section: string): string {
  const columns = COLUMNS[BYTES_OF_TYPE[type]];
  const rows: string[] = [];
  for (let i = 0; i < values.length; i += columns) {
    const row = Array.from({ length: Math.min(columns, values.length - i) }, (_, k) => literal(type, values[i + k]));
    rows.push(`    ${row.join(', ')},`);
  }
  const bytes = values.length * BYTES_OF_TYPE[type];
  const check = `_Static_assert(sizeof ${name} == ${bytes}u, "the size that the checksum and the kernels take");`;
  return `${section} _Alignas(16) const ${type} ${name}[${values.length}] = {\n${rows.join('\n')}\n};\n${check}\n`;
}

/** The file of constants, and the check of their CRC. */
export function weightsText(tables: readonly Table[], name: string, head: string): string {
  const section = `${name.toUpperCase()}_WEIGHTS`;
  const crc = tables.reduce((sum, t) => crc32(tableBytes(t), sum), 0);
  const feed = tables.map((t) => `crc = crc_of(crc, (const uint8_t *)${t.name}, sizeof ${t.name});`);
  const check = tables.length
    ? formatC(`
    /* CRC-32 as in zip. */
    static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t count) {
      uint32_t rest = ~crc;
      for (size_t i = 0; i < count; i++) {
        rest ^= bytes[i];
        for (uint32_t bit = 0; bit < 8u; bit++) {
          rest = ((rest & 1u) != 0u) ? ((rest >> 1) ^ 0xedb88320u) : (rest >> 1);
        }
      }
      return ~rest;
    }

    int32_t ${name}_weights_are_whole(void) {
      uint32_t crc = 0;
      ${feed.join('\n')}
      return (crc == 0x${crc.toString(16)}u) ? 1 : 0;
    }
  `)
    : formatC(`
    /* There are no constants. */
    int32_t ${name}_weights_are_whole(void) {
      return 1;
    }
  `);
  const includes = `#include "${name}_weights.h"\n\n#include "${name}.h"\n\n#include <stddef.h>\n`;
  return [`${head}${includes}`, ...tables.map((t) => definition(t, section)), check].join('\n');
}

/** Declarations of the constants, for the code file. */
export function weightsHeader(tables: readonly Table[], name: string, head: string): string {
  const guard = `${name.toUpperCase()}_WEIGHTS_H`;
  const declared = tables.map((t) => `extern const ${t.type} ${t.name}[${t.values.length}];`);
  return [`${head}#ifndef ${guard}`, `#define ${guard}`, '', '#include <stdint.h>', '', ...declared, '', '#endif', ''].join('\n');
}
