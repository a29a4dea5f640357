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
  'cortex-m4': { cpi: 1.34, fetch: 0.725, heldOut: { median: 0.0768, p90: 0.259, count: 59 } },
  // 65 measurements on STM32F746, STM32H747XI, STM32H750, STM32H7A3ZI
  'cortex-m7': { cpi: 0.759, fetch: 0.425, heldOut: { median: 0.0365, p90: 0.118, count: 55 } },
  // 37 measurements on STM32U385RG, STM32U575ZI, XR806 (Star-MC1)
  'cortex-m33': { cpi: 1.14, fetch: 0.753, heldOut: { median: 0.118, p90: 0.218, count: 37 } },
  // 16 measurements on RP2040, STM32G0B1RE
  'cortex-m0+': { cpi: 1.57, fetch: 0.5, heldOut: { median: 0.243, p90: 0.426, count: 16 } },
  // 2 measurements on R7FA8D1AHECBD
  'cortex-m85': { cpi: 0.873, fetch: 0.3, heldOut: { median: 0.115, p90: 0.115, count: 2 } },
  // 9 measurements on Apollo510
  'cortex-m55': { cpi: 1.06, fetch: 0.3, heldOut: { median: 0.0278, p90: 0.0446, count: 9 } },
  // 2 measurements on MM32F3270
  'cortex-m3': { cpi: 1.67, fetch: 0.5, heldOut: null },
  // 2 measurements on Cortex-M0 soft core
  'cortex-m0': { cpi: 2.03, fetch: 0.5, heldOut: null },
};
