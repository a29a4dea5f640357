/** Inputs as the pairs of words that products of bytes in pairs take (words.ts). */
import { assemblyText, type Parts } from '../parts.ts';
import { ASSEMBLY, CORE, sxtb16Function } from './words.ts';

/** `uint32_t NAME(uint32_t v)`: the word u beside v. */
const minusLowBytes = (parts: Parts): string =>
  parts.function(
    'minus_low_bytes',
    (name) =>
      `
      /* In both halves of v: minus the low byte. */
      static inline uint32_t ${name}(uint32_t v) {
      #if defined(${CORE})
        uint32_t low;
        __asm("uxtb16 %0, %1\\n\\tssub16 %0, %2, %0" : "=&r"(low) : "r"(v), "r"(0));
        return low;
      #else
        return (0x80008000u - (v & 0x00ff00ffu)) ^ 0x80008000u;
      #endif
      }
      `,
  );

/** `uint32_t *NAME(uint32_t *to, const int8_t *from, int32_t words)`: writes both words of each four inputs, `apart` words from pair to pair. */
export const expandFunction = (parts: Parts, apart: number, nibbles = false): string =>
  nibbles ? expandForNibbles(parts, apart) : expandForBytes(parts, apart);

interface Expansion {
  readonly base: string;
  readonly purpose: string;
  readonly apart: number;
  /** Of one word in assembly: %0 to, %1 from, r3 and r12 free. */
  readonly one: readonly string[];
  /** In plain C, from v to `to`. */
  readonly plain: string;
}

const expansion = (parts: Parts, { base, purpose, apart, one, plain }: Expansion): string =>
  parts.function(
    `${base}_${apart}`,
    (name) =>
      `
      /* Words of four int8 as pairs of words for products ${purpose}; a pair every ${apart} words. */
      static inline uint32_t *${name}(uint32_t *to, const int8_t *from, int32_t words) {
      #if ${ASSEMBLY}
        __asm volatile(
            ${assemblyText(expandLoop(one))}
            : "+r"(to), "+r"(from), "+r"(words)
            :
            : "r3", "r12", "cc", "memory");
      #else
        for (int32_t i = words; i > 0; i--) {
          uint32_t v;
          (void)memcpy(&v, from, 4);
          ${plain}
          to += ${apart};
          from += 4;
        }
      #endif
        return to;
      }
      `,
  );

/** u and v of each word. */
function expandForBytes(parts: Parts, apart: number): string {
  const minus = minusLowBytes(parts);
  return expansion(parts, {
    base: 'expand',
    purpose: 'of bytes in pairs',
    apart,
    one: [
      'ldr r12, [%1], #4',
      'eor r12, r12, #0x00800080',
      'and r3, r12, #0xff00ff00',
      'ssub16 r3, r3, r12',
      `strd r3, r12, [%0], #${4 * apart}`,
    ],
    plain: `v ^= 0x00800080u;
          to[0] = ${minus}(v);
          to[1] = v;`,
  });
}

/** a and b of each word. */
function expandForNibbles(parts: Parts, apart: number): string {
  const lanes = nibbleLanes(parts);
  return expansion(parts, {
    base: 'expand_nibbles',
    purpose: 'with weights of 4 bits',
    apart,
    one: [
      'ldr r12, [%1], #4',
      'eor r3, r12, #0x80008000',
      'and r3, r3, #0xff00ff00',
      'sxtb16 r12, r12',
      'lsr r3, r3, #4',
      'ssub16 r3, r3, r12',
      `strd r12, r3, [%0], #${4 * apart}`,
    ],
    plain: `${lanes}(to, v);`,
  });
}

/** `one` as often as words are left, four a turn. */
function expandLoop(one: readonly string[]): string[] {
  return [
    'subs %2, %2, #4',
    'blt 2f',
    '1:',
    ...[...one, ...one, ...one, ...one],
    'subs %2, %2, #4',
    'bge 1b',
    '2:',
    'adds %2, %2, #4',
    'beq 4f',
    '3:',
    ...one,
    'subs %2, %2, #1',
    'bne 3b',
    '4:',
  ];
}

/** `void NAME(uint32_t *to, uint32_t v)`: a and b of one word. */
const nibbleLanes = (parts: Parts): string => {
  const sxtb16 = sxtb16Function(parts);
  return parts.function(
    'nibble_lanes',
    (name) =>
      `
      static inline void ${name}(uint32_t *to, uint32_t v) {
        const uint32_t odd = ((v ^ 0x80008000u) & 0xff00ff00u) >> 4;
        const uint32_t even = ${sxtb16}(v);
        to[0] = even;
        to[1] = ((odd - even) & 0xffffu) | (((odd >> 16) - (even >> 16)) << 16);
      }
      `,
  );
};

/** `uint32_t *NAME(uint32_t *to, uint32_t v, int32_t words)`: the same word `words` times. */
export function expandSameFunction(parts: Parts, apart: number, nibbles = false): string {
  if (nibbles) {
    const lanes = nibbleLanes(parts);
    return parts.function(
      `expand_nibbles_same_${apart}`,
      (name) =>
        `
        static uint32_t *${name}(uint32_t *to, uint32_t v, int32_t words) {
          for (int32_t i = words; i > 0; i--) {
            ${lanes}(to, v);
            to += ${apart};
          }
          return to;
        }
        `,
    );
  }
  const minus = minusLowBytes(parts);
  return parts.function(
    `expand_same_${apart}`,
    (name) =>
      `
      static uint32_t *${name}(uint32_t *to, uint32_t v, int32_t words) {
        const uint32_t u = ${minus}(v);
        for (int32_t i = words; i > 0; i--) {
          to[0] = u;
          to[1] = v;
          to += ${apart};
        }
        return to;
      }
      `,
  );
}
