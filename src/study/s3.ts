import { createHash, createHmac } from 'node:crypto';
import { sha256 } from '../digest.ts';
import { CompressError } from '../errors.ts';
import type { Artifacts } from './artifacts.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Account {
  readonly key: string;
  readonly secret: string;
  readonly token: string | undefined;
  readonly region: string;
}

/** Of one call: what the service refuses for a moment only is asked again. */
const TRIES = 6;
const CALL_MS = 60_000;

/** Objects of a bucket, named by their content. The account comes from the environment, as for Amazon's own tools. */
export class S3Artifacts implements Artifacts {
  readonly #base: string;
  readonly #account: Account;

  /**
   * @param place s3://BUCKET/PREFIX
   * @param env   AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; also AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL of another service than Amazon's
   * @throws CompressError `bad-option`
   */
  constructor(place: string, env: Environment) {
    const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9.-]+)(?:\/(.*?))?\/?$/.exec(place) ?? [];
    if (!bucket) throw new CompressError('bad-option', `${place} is no bucket`, 'give it as s3://BUCKET/PREFIX');
    const { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret } = env;
    if (!key || !secret) {
      const fix = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
      throw new CompressError('bad-option', `there is no account for ${place}`, fix);
    }
    const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1';
    this.#account = { key, secret, token: env.AWS_SESSION_TOKEN, region };
    const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
    const host = endpoint ? `${endpoint.replace(/\/$/, '')}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`;
    this.#base = `${host}/${prefix ? `${prefix}/` : ''}`;
  }

  async put(bytes: Uint8Array): Promise<string> {
    const name = await sha256(bytes);
    if ((await this.#call('HEAD', name)).status !== 200) await this.#call('PUT', name, bytes);
    return name;
  }

  async get(name: string): Promise<Uint8Array | null> {
    const answer = await this.#call('GET', name);
    if (answer.status === 404) return null;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if ((await sha256(bytes)) === name) return bytes;
    throw new CompressError('bad-file', `${this.#base}${name} is not what its name says`, 'begin a new study in another place');
  }

  /** @throws CompressError `cannot-write` for what the service refuses */
  async #call(method: 'GET' | 'HEAD' | 'PUT', name: string, body?: Uint8Array): Promise<Response> {
    const url = new URL(this.#base + name);
    for (let tried = 1; ; tried++) {
      const signed = signature(method, url, {}, body ?? new Uint8Array(), this.#account, new Date());
      const said = await fetch(url, {
        method,
        headers: signed,
        body: body as BodyInit | undefined,
        signal: AbortSignal.timeout(CALL_MS),
      }).catch((e: Error) => String(e.cause ?? e.message));
      if (typeof said !== 'string') {
        if (said.ok || (said.status === 404 && method !== 'PUT')) return said;
        if (said.status < 500 && said.status !== 429) throw refused(url, `${said.status} ${said.statusText}`);
      }
      if (tried === TRIES) throw refused(url, typeof said === 'string' ? said : `${said.status} ${said.statusText}`);
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** tried));
    }
  }
}

const refused = (url: URL, what: string) =>
  new CompressError(
    'cannot-write',
    `${url.origin}${url.pathname}: ${what}`,
    'check the bucket, the region, and what the account may do; then resume',
  );

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * Headers that sign a request (AWS Signature Version 4).
 *
 * @param more headers that are signed as well
 */
export function signature(
  method: string,
  url: URL,
  more: Readonly<Record<string, string>>,
  body: Uint8Array,
  { key, secret, token, region }: Account,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const digest = createHash('sha256').update(body).digest('hex');
  const headers: Record<string, string> = {
    ...more,
    host: url.host,
    'x-amz-content-sha256': digest,
    'x-amz-date': time,
    ...(token && { 'x-amz-security-token': token }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    method,
    url.pathname,
    url.search.slice(1),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    digest,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const signing = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>((k, part) => hmac(k, part), `AWS4${secret}`);
  const { host: _, ...sent } = headers;
  const signed = hmac(signing, text).toString('hex');
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${key}/${scope},SignedHeaders=${names.join(';')},Signature=${signed}`,
  };
}
