import { sha256 } from '../../digest.ts';
import { CompressError } from '../../errors.ts';
import type { Artifacts } from '../artifacts.ts';
import type { Connection } from './connection.ts';

/** Bytes of a part: a statement stays small, so that leases are renewed between two of them. */
const PART = 1 << 20;

/** Content in a table, named by its sha256. The same content is put once, whoever puts it. */
export class TableArtifacts implements Artifacts {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async put(bytes: Uint8Array): Promise<string> {
    const digest = await sha256(bytes);
    const found = await this.#connection.rows('SELECT 1 FROM thumbnet.contents WHERE digest = $1', [digest]);
    if (found.length > 0) return digest;
    const parts = Math.ceil(bytes.length / PART);
    for (let part = 0; part < parts; part++) {
      await this.#connection.rows(
        'INSERT INTO thumbnet.content_parts (digest, part, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [digest, part, bytes.subarray(part * PART, (part + 1) * PART)],
      );
    }
    // Last: a name never has half of its content.
    await this.#connection.rows(
      'INSERT INTO thumbnet.contents (digest, size, parts) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [digest, bytes.length, parts],
    );
    return digest;
  }

  async get(digest: string): Promise<Uint8Array | null> {
    const [whole] = await this.#connection.rows<{ size: string; parts: number }>(
      'SELECT size, parts FROM thumbnet.contents WHERE digest = $1',
      [digest],
    );
    if (!whole) return null;
    const bytes = new Uint8Array(Number(whole.size));
    let done = 0;
    for (let part = 0; part < whole.parts; part++) {
      const [found] = await this.#connection.rows<{ bytes: Uint8Array }>(
        'SELECT bytes FROM thumbnet.content_parts WHERE digest = $1 AND part = $2',
        [digest, part],
      );
      if (!found || done + found.bytes.length > bytes.length) break;
      bytes.set(found.bytes, done);
      done += found.bytes.length;
    }
    if (done === bytes.length && (await sha256(bytes)) === digest) return bytes;
    throw new CompressError(
      'bad-file',
      `the content ${digest} in ${this.#connection.where} is not whole`,
      'begin a new study in another database',
    );
  }
}
