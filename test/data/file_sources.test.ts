import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { zipSync } from 'fflate';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DataSource, type Dataset, loadDataset, writeNpy } from '../../src/data/index.ts';
import type { FileHandle, FolderHandle } from '../../src/data/sources.ts';
import { CompressError } from '../../src/errors.ts';

const count = 40;
const x = Float32Array.from({ length: count * 6 }, (_, i) => (i % 17) / 8);
const y = Int32Array.from({ length: count }, (_, i) => i % 4);
const npz = zipSync({ 'x.npy': writeNpy(x, [count, 6]), 'y.npy': writeNpy(y, [count]) });
const folder = mkdtempSync(join(tmpdir(), 'thumbnet-sources-'));
writeFileSync(join(folder, 'all.npz'), npz);

const numbers = ({ train, validation, test, classes }: Dataset) => ({
  classes,
  parts: [train, validation, test].map((p) => [p!.count, [...p!.inputs[0]], [...p!.y!]]),
});

/** A picked file as browsers give it; Node 18 has no global File, 20 has. */
const picked = (path: string, content: Uint8Array): File => {
  const file = new File([Uint8Array.from(content)], path.split('/').at(-1)!);
  if (path.includes('/')) Object.defineProperty(file, 'webkitRelativePath', { value: path });
  return file;
};

const fileHandle = (name: string, content: Uint8Array): FileHandle => ({
  kind: 'file',
  name,
  getFile: async () => picked(name, content),
});

const folderHandle = (name: string, entries: readonly (FileHandle | FolderHandle)[]): FolderHandle => ({
  kind: 'directory',
  name,
  async *entries() {
    for (const e of entries) yield [e.name, e] as [string, FileHandle | FolderHandle];
  },
});

const server = createServer((request, response) => {
  const name = request.url!.slice(1);
  if (name === 'all.npz') response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(npz);
  else if (name === '') response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
  else response.writeHead(404).end();
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
test.after(() => void server.close());

test('one file is the same data, however it is held', async () => {
  const want = numbers(await loadDataset(join(folder, 'all.npz'), { seed: 3 }));
  const sources: Readonly<Record<string, DataSource>> = {
    bytes: npz,
    'an ArrayBuffer': Uint8Array.from(npz).buffer,
    'a Blob': new Blob([Uint8Array.from(npz)]),
    'a File': picked('all.npz', npz),
    'a list of files': [picked('all.npz', npz)],
    'a file by name': { 'all.npz': npz },
    'a file handle': fileHandle('all.npz', npz),
    'a folder handle': folderHandle('data', [folderHandle('.git', [fileHandle('x', npz)]), fileHandle('all.npz', npz)]),
    'a picked folder': [picked('data/.DS_Store', npz), picked('data/all.npz', npz)],
    'an address': new URL('all.npz', base),
    'an address as text': `${base}all.npz`,
    'a list of addresses': [new URL('all.npz', base)],
    'the address of a file': pathToFileURL(join(folder, 'all.npz')),
  };
  for (const [how, source] of Object.entries(sources)) {
    assert.equal(numbers(await loadDataset(source, { seed: 3 })), want, how);
  }
});

test('train and test as picked files; the name is the folder’s', async () => {
  const data = await loadDataset([picked('gestures/train.npz', npz), picked('gestures/test.npz', npz)]);
  assert.equal([data.name, data.test!.count], ['gestures', count]);
});

test('what cannot be read is refused with a fix', async () => {
  for (const [source, what] of [
    [readFileSync(new URL(import.meta.url)), /give \{ name: bytes \}/],
    [[], /list of files is empty/],
    [[1] as unknown as DataSource, /element 0 of the list is no file/],
    [new URL('none.npz', base), /none\.npz answered 404/],
    [new URL(base), /is a page, no data/],
    [new URL('http://127.0.0.1:9/x.npz'), /cannot be fetched/],
    [[picked('a.npz', npz), new URL('all.npz', base)], /files and addresses/],
  ] as [DataSource, RegExp][]) {
    const error = await loadDataset(source).catch((e) => e);
    assert.ok(error instanceof CompressError, String(error));
    assert.match(error.message, what);
    assert.ok(error.fix);
  }
});

test.run();
