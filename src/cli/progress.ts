import cliProgress from 'cli-progress';
import type { Progress } from '../stage.ts';
import { INTERRUPTED } from './exit_codes.ts';

/** A bar on stderr; where that is no terminal, a line every few seconds. */
export interface Bar {
  update(done: number, total: number, detail: string): void;
  stop(): void;
}

const LINE_EVERY_MS = 5000;

export function createBar(what: string): Bar {
  if (!process.stderr.isTTY) return lines(what);
  const bar = new cliProgress.SingleBar(
    {
      format: `${what} {bar} {percentage}% {value}/{total} {duration_formatted}, left {eta_formatted} {detail}`,
      hideCursor: true,
      stream: process.stderr,
      fps: 8,
    },
    cliProgress.Presets.shades_classic,
  );
  let started = false;
  return {
    update(done, total, detail) {
      const room = Math.max(10, (process.stderr.columns ?? 80) - what.length - 90);
      const shown = detail.length > room ? `${detail.slice(0, room - 1)}…` : detail;
      if (!started) bar.start(total, done, { detail: shown });
      else bar.setTotal(total);
      started = true;
      bar.update(done, { detail: shown });
    },
    stop() {
      if (started) bar.stop();
    },
  };
}

function lines(what: string): Bar {
  const begun = Date.now();
  let last = 0;
  let pending: (() => void) | null = null;
  return {
    update(done, total, detail) {
      const print = () => {
        const seconds = (Date.now() - begun) / 1000;
        const left = done > 0 ? `, about ${Math.round((seconds / done) * (total - done))} s left` : '';
        process.stderr.write(
          `${what} ${done}/${total} (${Math.round((100 * done) / total)} %), ${Math.round(seconds)} s${left} ${detail}\n`,
        );
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

/** A bar for one stage after another. */
export function stageBar(): { progress: (p: Progress) => void; stop: () => void } {
  let bar: Bar | null = null;
  let what = '';
  return {
    progress(p) {
      if (p.what !== what) bar?.stop();
      if (p.what !== what || !bar) bar = createBar(p.what);
      what = p.what;
      bar.update(p.done, p.total, p.detail ?? '');
    },
    stop() {
      bar?.stop();
      bar = null;
    },
  };
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
