import { conform } from '../../../src/conform/index.ts';
import type { PageContext, PageResult } from '../page.ts';

const FOLDERS = ['test/vectors', ...['cmsis-nn', 'fuzz', 'networks', 'models'].map((part) => `shared/vectors/${part}`)];

/** `thumbnet conform` in a browser: every golden file, fetched as a page would. */
export default async function conformPage({ file, list }: PageContext): Promise<PageResult> {
  const files = [];
  for (const folder of FOLDERS) {
    for (const name of (await list(folder)).filter((n) => n.endsWith('.json'))) {
      files.push({ name, json: JSON.parse(new TextDecoder().decode((await file(`${folder}/${name}`))!)) });
    }
  }
  if (!files.length) return { passed: 0, failures: [], skipped: 'no golden file is here' };
  const { passed, failures, unsupported } = await conform(files, { model: (name) => file(`shared/data/models/${name}`) });
  const told = failures.map((f) => `${f.file} ${f.name} [${f.index}]: expected ${f.expected}, got ${f.actual}`);
  return {
    passed,
    failures: unsupported ? [...told, `${unsupported} cases of operators that the engine lacks`] : told,
    notes: [`${files.length} files`],
  };
}
