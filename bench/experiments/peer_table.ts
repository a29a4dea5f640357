/**
 * Writes the section on the peer in README.md here.
 *   node --import tsx bench/experiments/peer_table.ts PEER_FOLDER COMPARE_FOLDER      what peer.ts and compare.ts wrote
 *
 * Of ours that run is taken which saw the most samples in no more seconds of the processor than the peer had.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../section.ts';
import { COMPARED } from './jobs.ts';
import type { Result } from './one.ts';
import { writeSection } from './sections.ts';
import { gained, holds } from './table.ts';

interface Peer {
  readonly trials: number;
  readonly seconds: number;
  readonly given: Record<'validation' | 'test', number>;
  readonly plain: Pick<Result['plain'], 'weightBytes' | 'macs'>;
  readonly result: { readonly weightBytes: number; readonly macs: number; readonly validation: number; readonly test: number };
}

const [peers, own] = process.argv.slice(2);
if (!own) throw new Error('give the folders of peer.ts and of compare.ts');
const read = <T>(folder: string, name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const percent = (share: number): string => (100 * share).toFixed(1);

let better = 0;
const rows = COMPARED.flatMap((job) => {
  const file = `${job}.peer.0.json`;
  if (!existsSync(join(peers, file))) return [];
  const peer = read<Peer>(peers, file);
  const runs = readdirSync(own)
    .filter((name) => new RegExp(`^${job}\\.compress\\.\\d+\\.0\\.json$`).test(name))
    .map((name) => read<Result>(own, name))
    .filter((r) => r.seconds <= peer.seconds)
    .sort((a, b) => b.samples - a.samples);
  if (runs.length === 0) return [];
  const [ours] = runs;
  const theirs = {
    ...ours,
    given: { ...ours.given, ...peer.given },
    plain: { ...ours.plain, ...peer.plain },
    result: { ...ours.result, ...peer.result },
  };
  const [a, b] = [gained(ours), gained(theirs)];
  if (a < b) better++;
  const side = (r: Result, seconds: number, work: string) => [
    gained(r).toFixed(3),
    r.result.weightBytes,
    r.result.macs,
    percent(r.result.validation),
    `${percent(r.result.test)}${holds(r, 'test') ? '' : ' (goal missed)'}`,
    work,
    seconds,
  ];
  return [
    [`${job}, compress`, ...side(ours, ours.seconds, `${ours.samples / 1000} k samples`)],
    [`${job}, PyTorch + Optuna`, ...side(theirs, peer.seconds, `${peer.trials} trials`)],
  ];
});
const head = ['job', 'objective', 'weight bytes', 'MACs', 'validation, %', 'test, %', 'work', 'processor s'];
writeSection('peer', `${table(head, rows)}\n\nThe better objective on ${better} of ${rows.length / 2} jobs.`);
