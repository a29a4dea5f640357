// Written by scripts/fit_cost_model.ts; do not edit.

/**
 * cpi    cycles for each instruction of CMSIS-NN kernels
 * fetch  cycles for each byte of weights, which come from flash once an inference (0.3 and 0.5: no measurement, a guess)
 * heldOut relative error of latency on a chip that was left out of the fit (M55, M85: a network, there being one chip), the runtime's
 *        level being known from other chips; null: too few measurements to leave one out
 *
 * Source: published latencies (MLPerf Tiny v0.5 to v1.3, ST model zoo, TinyMaix, helia-profiler, executorch and others) against counted
 * instructions of the same networks. Runtimes differ: each has a level for each kind of network; that of CMSIS-NN (ONNC, heliaRT,
 * ExecuTorch, TFLM since 2021) is 1 and is what these figures stand for.
 */
export const CYCLES: Readonly<
  Record<
    string,
    {
      readonly cpi: number;
      readonly fetch: number;
      readonly heldOut: { readonly median: number; readonly p90: number; readonly count: number } | null;
    }
  >
> = {
  // 91 measurements on STM32F411CE, STM32F413ZH, STM32L4R5ZI, nRF52832
  'cortex-m4': { cpi: 1.34, fetch: 0.715, heldOut: { median: 0.0771, p90: 0.264, count: 59 } },
  // 65 measurements on STM32F746, STM32H747XI, STM32H750, STM32H7A3ZI
  'cortex-m7': { cpi: 0.758, fetch: 0.419, heldOut: { median: 0.037, p90: 0.116, count: 55 } },
  // 37 measurements on STM32U385RG, STM32U575ZI, XR806 (Star-MC1)
  'cortex-m33': { cpi: 1.14, fetch: 0.742, heldOut: { median: 0.119, p90: 0.219, count: 37 } },
  // 16 measurements on RP2040, STM32G0B1RE
  'cortex-m0+': { cpi: 1.57, fetch: 0.5, heldOut: { median: 0.245, p90: 0.428, count: 16 } },
  // 2 measurements on R7FA8D1AHECBD
  'cortex-m85': { cpi: 0.869, fetch: 0.3, heldOut: { median: 0.11, p90: 0.11, count: 2 } },
  // 9 measurements on Apollo510
  'cortex-m55': { cpi: 1.06, fetch: 0.3, heldOut: { median: 0.0326, p90: 0.0401, count: 9 } },
  // 2 measurements on MM32F3270
  'cortex-m3': { cpi: 1.67, fetch: 0.5, heldOut: null },
  // 2 measurements on Cortex-M0 soft core
  'cortex-m0': { cpi: 2.02, fetch: 0.5, heldOut: null },
};
