import { sha256 } from '../../../src/digest.ts';
import { writeReport } from '../../../src/report/index.ts';
import { sampleHistory } from '../../report/sample.ts';
import type { PageResult } from '../page.ts';

/** The report is written here as it is in Node, with its pictures. */
export default async function report(): Promise<PageResult> {
  const page = writeReport(sampleHistory());
  const drawn = (page.match(/<svg.*?<\/svg>/gs) ?? []).filter((p) => /<circle/.test(p)).length === 4;
  return {
    passed: drawn ? 1 : 0,
    failures: drawn ? [] : ['a picture is missing'],
    digests: { page: await sha256(new TextEncoder().encode(page)) },
  };
}
