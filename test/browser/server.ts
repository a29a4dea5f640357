import { createServer, type Server } from 'node:http';
import { extname } from 'node:path';
import { type Folders, listFolder, readFrom } from './files.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

const EMPTY = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Thumbnet</title></head><body></body></html>';

/** Serves bundles from memory and files from the folders named, on 127.0.0.1; `/` is an empty page. */
export async function serve(
  bundles: ReadonlyMap<string, Uint8Array>,
  folders: Folders,
): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const body = path === '/' ? EMPTY : (bundles.get(path) ?? (await answer(path.slice(1), folders)));
    if (body === null) {
      response.writeHead(404).end();
      return;
    }
    const type = path === '/' ? TYPES['.html'] : (TYPES[extname(path)] ?? 'application/octet-stream');
    // The two policies give the page a fine clock and shared memory.
    response.writeHead(200, {
      'content-type': type,
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { url: `http://127.0.0.1:${address.port}`, server };
}

/** A path that ends with a slash is answered with the names in that folder. */
const answer = async (path: string, folders: Folders): Promise<Uint8Array | string | null> =>
  path.endsWith('/') ? JSON.stringify(await listFolder(path, folders)) : readFrom(path, folders);
