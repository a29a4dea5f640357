/** Leaves of the declarations in dist/ those that an entry of the package reaches: others describe nothing that can be imported. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

interface Entry {
  readonly types?: string;
}

const IMPORTED = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;

/** @param isOther declarations that are not judged, by their path below dist/ */
export function keepReachableDeclarations(root: string, isOther: (path: string) => boolean): void {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, Entry | string> };
  const open = Object.values(exports).flatMap((e) => (typeof e === 'object' && e.types ? [normalize(e.types)] : []));
  const reached = new Set<string>();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path) || !existsSync(join(root, path))) continue;
    reached.add(path);
    for (const [, name] of readFileSync(join(root, path), 'utf8').matchAll(IMPORTED)) {
      open.push(`${join(dirname(path), name).replace(/\.(ts|js)$/, '')}.d.ts`);
    }
  }
  for (const name of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
    const path = join('dist', name);
    if (path.endsWith('.d.ts') && !reached.has(path) && !isOther(name)) rmSync(join(root, path));
  }
}
