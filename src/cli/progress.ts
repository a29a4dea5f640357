import cliProgress from 'cli-progress';
import { CompressError } from '../errors.ts';
import type { Progress } from '../stage.ts';
import { INTERRUPTED } from './exit_codes.ts';

/** A bar on stderr; where that is no terminal, a line every few seconds. */
export interface Bar {
  update(done: number, total: number, detail: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 5000;

/** Columns from which a line has room for more than the share, the time left and what is best. */
const WIDE = 110;

/** @param limit seconds after which it ends in any case @param unit what is counted, where lines say so */
export function createBar(what: string, limit = Number.POSITIVE_INFINITY, unit = ''): Bar {
  if (!process.stderr.isTTY) return lines(what, limit, unit);
  const bar = new cliProgress.SingleBar({
    format: (_, { progress, value, total, startTime }, { detail }) =>
      barLine(
        what,
        { done: value, total, progress, seconds: (Date.now() - startTime) / 1000, since: since.seconds(), detail, limit },
        process.stderr.columns ?? 80,
      ),
    hideCursor: true,
    stream: process.stderr,
    fps: 8,
  });
  const since = sinceWork();
  let started = false;
  return {
    update(done, total, detail) {
      since.at(done);
      if (!started) bar.start(total, done, { detail });
      else bar.setTotal(total);
      started = true;
      bar.update(done, { detail });
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

interface BarState {
  readonly done: number;
  readonly total: number;
  /** Of 1. */
  readonly progress: number;
  readonly seconds: number;
  /** Seconds since more of it was last done. */
  readonly since?: number;
  readonly detail: string;
  /** Seconds after which it ends in any case. */
  readonly limit?: number;
}

/** The seconds since more was last done. */
function sinceWork() {
  let [known, when] = [-1, Date.now()];
  return {
    at(done: number): void {
      if (done !== known) [known, when] = [done, Date.now()];
    },
    seconds: () => (Date.now() - when) / 1000,
  };
}

/**
 * Seconds that are left: by what was done when more was last done, less the time since, as work is counted in pieces; and no more than the limit
 * allows. null where that is not known, or over.
 */
function secondsLeft({
  done,
  total,
  seconds,
  since = 0,
  limit = Number.POSITIVE_INFINITY,
}: Omit<BarState, 'progress' | 'detail'>): number | null {
  const byWork = done > 0 && done < total ? ((seconds - since) / done) * (total - done) - since : Number.POSITIVE_INFINITY;
  const left = Math.min(byWork, Math.max(0, limit - seconds));
  return Number.isFinite(left) && left > 0 && done < total ? left : null;
}

/** One line of `columns`: the detail is cut where it does not fit, and nothing else. */
export function barLine(what: string, state: BarState, columns: number): string {
  const { done, total, progress, seconds, detail } = state;
  const wide = columns >= WIDE;
  const cells = wide ? 24 : 8;
  const full = Math.round(cells * progress);
  const rate = wide && done > 0 ? `, ${(done / seconds).toPrecision(3)}/s` : '';
  const counts = wide ? ` ${done}/${total}, ${timeText(seconds)}${rate}` : '';
  const time = secondsLeft(state);
  const left = time === null ? '' : `, ${timeText(time)} left`;
  const head = `${what} ${'█'.repeat(full)}${'░'.repeat(cells - full)} ${Math.floor(100 * progress)} %${counts}${left} `;
  const room = Math.max(0, columns - 1 - head.length);
  return head + (detail.length > room ? `${detail.slice(0, Math.max(0, room - 1))}…` : detail);
}

/** 42s, 3m05s, 1h20m. */
export function timeText(seconds: number): string {
  const s = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 60) return `${s}s`;
  return s < 3600 ? `${Math.floor(s / 60)}m${two(s % 60)}s` : `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
}

function lines(what: string, limit: number, unit: string): Bar {
  const begun = Date.now();
  const since = sinceWork();
  let last = 0;
  let pending: (() => void) | null = null;
  return {
    update(done, total, detail) {
      since.at(done);
      const print = () => {
        const seconds = (Date.now() - begun) / 1000;
        const time = secondsLeft({ done, total, seconds, since: since.seconds(), limit });
        const left = time === null ? '' : `, about ${timeText(time)} left`;
        const counted = `${done}/${total}${unit && ` ${unit}`} (${Math.round((100 * done) / total)} %)`;
        process.stderr.write(`${what} ${counted}, ${Math.round(seconds)} s${left}${detail && `; ${detail}`}\n`);
        pending = null;
      };
      pending = print;
      if (Date.now() - last < LINE_EVERY_MS) return;
      last = Date.now();
      print();
    },
    stop: () => pending?.(),
  };
}

/** A bar for one stage after another: one that is followed by another, or by `done`, has come to its end. */
export function stageBar(): { progress: (p: Progress) => void; done: () => void; stop: () => void } {
  let bar: Bar | null = null;
  let last: Progress | null = null;
  const stop = () => {
    bar?.stop();
    bar = null;
  };
  const done = () => {
    if (last && last.done < last.total) bar?.update(last.total, last.total, '');
    stop();
  };
  return {
    progress(p) {
      if (p.what !== last?.what) done();
      bar ??= createBar(p.what);
      bar.update(p.done, p.total, p.detail ?? '');
      last = p;
    },
    done,
    stop,
  };
}

/** Work with a bar for one stage after another, which Ctrl-C ends. @param stopped what is said then */
export async function interruptible<T>(
  work: (host: { signal: AbortSignal; progress: (p: Progress) => void }) => Promise<T>,
  stopped: () => CompressError | Promise<CompressError>,
): Promise<T> {
  const { signal, release } = interruptSignal();
  const { progress, done, stop } = stageBar();
  try {
    const result = await work({ signal, progress });
    done();
    return result;
  } catch (e) {
    throw signal.aborted && !(e instanceof CompressError) ? await stopped() : e;
  } finally {
    stop();
    release();
  }
}

/** Ctrl-C aborts the signal once; a second one ends the process at once. */
export function interruptSignal(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return { signal: controller.signal, release: () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal) };
}
