/** SHA-256 (FIPS 180-4) of parts one after another, in hexadecimal. */
export async function sha256(...parts: readonly ArrayBufferView[]): Promise<string> {
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
}

/** Four tables: table[k][b] is the checksum of byte b followed by k zero bytes. */
const TABLES = Array.from({ length: 4 }, () => new Int32Array(256));
for (let b = 0; b < 256; b++) {
  let c = b;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  TABLES[0][b] = c;
}
for (let k = 1; k < 4; k++) {
  for (let b = 0; b < 256; b++) TABLES[k][b] = (TABLES[k - 1][b] >>> 8) ^ TABLES[0][TABLES[k - 1][b] & 255];
}

/** CRC-32 (ISO 3309) of bytes, continued from `crc`; four bytes a step. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  const [t0, t1, t2, t3] = TABLES;
  let c = ~crc;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    c = t3[c & 255] ^ t2[(c >>> 8) & 255] ^ t1[(c >>> 16) & 255] ^ t0[c >>> 24];
  }
  for (; i < bytes.length; i++) c = t0[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

/** So many sums stay exact before they are reduced (RFC 1950). */
const ADLER_BLOCK = 5552;

/** Adler-32 (RFC 1950) of bytes. */
export function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let from = 0; from < bytes.length; from += ADLER_BLOCK) {
    const end = Math.min(from + ADLER_BLOCK, bytes.length);
    for (let i = from; i < end; i++) {
      low += bytes[i];
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return high * 65536 + low;
}
