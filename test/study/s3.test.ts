import { createServer } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { S3Artifacts, signature } from '../../src/study/s3.ts';
import { isRefused } from './contract.ts';

/** The examples of "Signature Calculations for the Authorization Header" in Amazon's reference of S3. */
const ACCOUNT = {
  key: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  token: undefined,
  region: 'us-east-1',
};
const NOW = new Date('2013-05-24T00:00:00Z');

test("signatures are those of Amazon's examples", () => {
  const signed = (method: string, path: string, headers: Record<string, string>, body: string) => {
    const url = new URL(`https://examplebucket.s3.amazonaws.com${path}`);
    return signature(method, url, headers, new TextEncoder().encode(body), ACCOUNT, NOW).authorization;
  };
  assert.match(
    signed('GET', '/test.txt', { range: 'bytes=0-9' }, ''),
    /SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/,
  );
  const headers = { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
  assert.match(
    signed('PUT', '/test%24file.text', headers, 'Welcome to Amazon S3.'),
    /Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/,
  );
});

/** A bucket in memory; `refuse` is what it answers in place of the next calls. */
async function bucket() {
  const objects = new Map<string, Buffer>();
  const refuse: number[] = [];
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '' } = request;
      calls.push(`${method} ${url}`);
      const code = refuse.shift();
      if (code || !/^AWS4-HMAC-SHA256 Credential=k\/\d{8}\/eu-1\/s3/.test(request.headers.authorization ?? '')) {
        response.writeHead(code ?? 403).end();
      } else if (method === 'PUT') {
        objects.set(url, Buffer.concat(parts));
        response.writeHead(200).end();
      } else {
        const found = objects.get(url);
        response.writeHead(found ? 200 : 404).end(method === 'GET' ? found : undefined);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const env = {
    AWS_ACCESS_KEY_ID: 'k',
    AWS_SECRET_ACCESS_KEY: 'opensesame',
    AWS_REGION: 'eu-1',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}/`,
  };
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { objects, refuse, calls, env, close };
}

test('a bucket: named by content, put once, asked again where it fails for a moment, content that is another is refused', async () => {
  const { objects, refuse, calls, env, close } = await bucket();
  try {
    const artifacts = new S3Artifacts('s3://studies/net/1', env);
    const bytes = new TextEncoder().encode('abc');
    refuse.push(503);
    const name = await artifacts.put(bytes);
    assert.is(name, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    assert.is(await artifacts.put(bytes), name);
    const path = `/studies/net/1/${name}`;
    assert.equal(calls, [`HEAD ${path}`, `HEAD ${path}`, `PUT ${path}`, `HEAD ${path}`]);
    assert.equal(await artifacts.get(name), bytes);
    assert.is(await artifacts.get('0'.repeat(64)), null);
    objects.set(path, Buffer.from('abd'));
    await isRefused(artifacts.get(name), 'bad-file', /is not what its name says/);
    refuse.push(403);
    await isRefused(artifacts.get(name), 'cannot-write', /^http:\/\/127\.0\.0\.1:\d+\/studies\/net\/1\/ba78\w+: 403/);
  } finally {
    close();
  }
});

test('a bucket without an account, and what is no bucket', () => {
  assert.throws(() => new S3Artifacts('s3://studies', {}), /there is no account for s3:\/\/studies/);
  assert.throws(() => new S3Artifacts('s3://', { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' }), /is no bucket/);
});

test.run();
