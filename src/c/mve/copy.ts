import { assemblyText, type Parts } from '../parts.ts';
import { ASSEMBLY } from './rescale.ts';

/** `void NAME(int8_t *to, const int8_t *from, int32_t bytes)`, of at least one byte. */
export const copyFunction = (parts: Parts): string =>
  parts.function(
    'copy',
    (name) =>
      `
      static inline void ${name}(int8_t *to, const int8_t *from, int32_t bytes) {
      #if ${ASSEMBLY}
        __asm volatile(
            "  dlstp.8 lr, %[bytes]\\n"
            "1:\\n"
            "  vldrb.u8 q0, [%[from]], #16\\n"
            "  vstrb.8 q0, [%[to]], #16\\n"
            "  letp lr, 1b\\n"
            : [to] "+r"(to), [from] "+r"(from)
            : [bytes] "r"(bytes)
            : "q0", "lr", "cc", "memory");
      #else
        (void)memcpy(to, from, (size_t)bytes);
      #endif
      }
      `,
  );

/** `void NAME(int8_t *to, int32_t value, int32_t bytes)`, of at least one byte. */
export const fillFunction = (parts: Parts): string =>
  parts.function(
    'fill',
    (name) =>
      `
      static inline void ${name}(int8_t *to, int32_t value, int32_t bytes) {
      #if ${ASSEMBLY}
        __asm volatile(
            "  vdup.8 q0, %[value]\\n"
            "  dlstp.8 lr, %[bytes]\\n"
            "1:\\n"
            "  vstrb.8 q0, [%[to]], #16\\n"
            "  letp lr, 1b\\n"
            : [to] "+r"(to)
            : [bytes] "r"(bytes), [value] "r"(value)
            : "q0", "lr", "cc", "memory");
      #else
        (void)memset(to, value, (size_t)bytes);
      #endif
      }
      `,
  );

/** Longest copy that is written out. */
const LONGEST = 512;

/** A call that copies `bytes` words-aligned bytes, a constant: without a loop where they are whole vectors. */
export function copyCall(parts: Parts, to: string, from: string, bytes: number): string {
  if (bytes % 16 || bytes > LONGEST) return `${copyFunction(parts)}(${to}, ${from}, ${bytes})`;
  const listing: string[] = [];
  for (let done = 0; done < bytes; ) {
    const size = [64, 32, 16].find((n) => n <= bytes - done)!;
    const registers = `{d0-d${size / 8 - 1}}`;
    listing.push(`vldmia %[from]!, ${registers}`, `vstmia %[to]!, ${registers}`);
    done += size;
  }
  const name = parts.function(
    `copy_${bytes}`,
    (n) =>
      `
      static inline void ${n}(int8_t *to, const int8_t *from) {
      #if ${ASSEMBLY}
        __asm volatile(
            ${assemblyText(listing)}
            : [to] "+r"(to), [from] "+r"(from)
            :
            : "q0", "q1", "q2", "q3", "memory");
      #else
        (void)memcpy(to, from, ${bytes});
      #endif
      }
      `,
  );
  return `${name}(${to}, ${from})`;
}
