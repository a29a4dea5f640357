/** Relative error of latency: median and 90th percentile of `count` published ones. */
export interface LatencyError {
  readonly median: number;
  readonly p90: number;
  readonly count: number;
}

/**
 * Cycles of a core.
 *
 * Source: published latencies (MLPerf Tiny v0.5 to v1.3, ST model zoo, TinyMaix, helia-profiler, executorch and others) against counted
 * instructions of the same networks. Runtimes differ: each has a level for each kind of network; that of CMSIS-NN (ONNC, heliaRT,
 * ExecuTorch, TFLM since 2021) is 1 and is what these figures stand for.
 */
export interface Cycles {
  /** For each instruction of CMSIS-NN kernels. */
  readonly cpi: number;
  /** For each byte of weights, which come from flash once an inference (0.3 and 0.5: no measurement, a guess). */
  readonly fetch: number;
  /** How many were measured. */
  readonly chips: number;
  /**
   * Each network on each chip, predicted by a fit that has seen neither the chip nor the network (of M55, M85, M3 and M0 one chip was
   * measured: they are predicted by the cycles for each instruction of M85, M55, M4 and M0+). known: the level of the runtime is taken
   * from others; unknown: it is 1; cmsisNn: of those runtimes whose level is 1
   */
  readonly heldOut: Readonly<Record<'known' | 'unknown' | 'cmsisNn', LatencyError | null>>;
  /** Cycles of other runtimes beside this model's: median, 10th and 90th percentile. */
  readonly levels: readonly {
    readonly runtime: string;
    readonly times: number;
    readonly low: number;
    readonly high: number;
    readonly count: number;
  }[];
}
