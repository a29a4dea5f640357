// Written by scripts/fit_cost_model.ts; do not edit.
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: fitted numbers

import type { Cycles, LatencyError } from './cycles.ts';

// biome-ignore format: one line a figure
export const CYCLES: Readonly<Record<string, Cycles>> = {
  // 91 measurements on STM32F411CE, STM32F413ZH, STM32L4R5ZI, nRF52832
  'cortex-m4': {
    scale: 1.12, fetch: 0.646, chips: 4,
    heldOut: { known: { mean: 0.118, median: 0.099, p90: 0.268, count: 28 }, unknown: { mean: 0.476, median: 0.384, p90: 1.18, count: 91 }, cmsisNn: { mean: 0.119, median: 0.0505, p90: 0.244, count: 21 } },
    levels: [{ runtime: 'X-CUBE-AI', times: 0.747, low: 0.459, high: 0.898, count: 25, leftOut: 0.265 }, { runtime: 'TFLM of 2020', times: 1.96, low: 1.19, high: 2.03, count: 4, leftOut: 0.183 }, { runtime: 'CMSIS-NN', times: 1.02, low: 0.83, high: 1.08, count: 16, leftOut: 0.0776 }, { runtime: 'Plumerai', times: 0.66, low: 0.48, high: 0.757, count: 11, leftOut: 0.278 }, { runtime: 'Bosch HALE', times: 0.636, low: 0.498, high: 0.691, count: 8, leftOut: 0.144 }, { runtime: 'TinyMaix O1 SIMD', times: 1.55, low: 1.26, high: 1.56, count: 4, leftOut: 0.138 }, { runtime: 'TinyMaix O1', times: 1.59, low: 1.38, high: 2.02, count: 4, leftOut: 0.143 }],
  },
  // 65 measurements on STM32F746, STM32H747XI, STM32H750, STM32H7A3ZI
  'cortex-m7': {
    scale: 1.17, fetch: 0.352, chips: 4,
    heldOut: { known: { mean: 0.0606, median: 0.0353, p90: 0.18, count: 29 }, unknown: { mean: 0.477, median: 0.401, p90: 0.744, count: 65 }, cmsisNn: null },
    levels: [{ runtime: 'X-CUBE-AI', times: 0.693, low: 0.581, high: 0.887, count: 37, leftOut: 0.161 }, { runtime: 'Plumerai', times: 0.614, low: 0.576, high: 0.654, count: 3, leftOut: 0.0868 }, { runtime: 'Bosch HALE', times: 0.651, low: 0.518, high: 0.659, count: 8, leftOut: 0.106 }, { runtime: 'TinyMaix O1 SIMD', times: 1.4, low: 1.27, high: 1.54, count: 3, leftOut: 0.137 }, { runtime: 'TinyMaix O1', times: 1.43, low: 1.26, high: 1.54, count: 3, leftOut: 0.12 }],
  },
  // 37 measurements on STM32U385RG, STM32U575ZI, XR806 (Star-MC1)
  'cortex-m33': {
    scale: 1.04, fetch: 0.68, chips: 3,
    heldOut: { known: { mean: 0.191, median: 0.189, p90: 0.317, count: 13 }, unknown: { mean: 0.805, median: 0.736, p90: 1.45, count: 37 }, cmsisNn: null },
    levels: [{ runtime: 'X-CUBE-AI', times: 0.608, low: 0.481, high: 0.912, count: 20, leftOut: 0.24 }, { runtime: 'Plumerai', times: 0.5, low: 0.452, high: 0.652, count: 3, leftOut: 0.326 }, { runtime: 'Bosch HALE', times: 0.642, low: 0.51, high: 0.675, count: 8, leftOut: 0.107 }, { runtime: 'TinyMaix O1', times: 1.6, low: 1.49, high: 1.82, count: 3, leftOut: 0.16 }],
  },
  // 16 measurements on RP2040, STM32G0B1RE
  'cortex-m0+': {
    scale: 1.27, fetch: 0.5, chips: 2,
    heldOut: { known: { mean: 0.317, median: 0.35, p90: 0.53, count: 10 }, unknown: { mean: 0.266, median: 0.228, p90: 0.638, count: 16 }, cmsisNn: null },
    levels: [{ runtime: 'Bosch HALE', times: 0.654, low: 0.596, high: 0.873, count: 4, leftOut: 0.281 }, { runtime: 'TinyMaix O1', times: 1.57, low: 1.26, high: 1.75, count: 6, leftOut: 0.139 }],
  },
  // 2 measurements on R7FA8D1AHECBD
  'cortex-m85': {
    scale: 0.939, fetch: 0.3, chips: 1,
    heldOut: { known: { mean: 0.0519, median: 0.0662, p90: 0.0662, count: 2 }, unknown: { mean: 0.0519, median: 0.0662, p90: 0.0662, count: 2 }, cmsisNn: { mean: 0.103, median: 0.109, p90: 0.109, count: 2 } },
    levels: [],
  },
  // 9 measurements on Apollo510
  'cortex-m55': {
    scale: 0.95, fetch: 0.3, chips: 1,
    heldOut: { known: { mean: 0.0504, median: 0.0358, p90: 0.104, count: 9 }, unknown: { mean: 0.0504, median: 0.0358, p90: 0.104, count: 9 }, cmsisNn: { mean: 0.0247, median: 0.0287, p90: 0.0437, count: 9 } },
    levels: [{ runtime: 'TFLM with CMSIS-NN', times: 1.05, low: 0.973, high: 1.05, count: 4, leftOut: null }, { runtime: 'CMSIS-NN', times: 1, low: 0.97, high: 1.02, count: 5, leftOut: 0.0276 }],
  },
  // 2 measurements on MM32F3270
  'cortex-m3': {
    scale: 1.31, fetch: 0.5, chips: 1,
    heldOut: { known: null, unknown: { mean: 0.482, median: 0.528, p90: 0.528, count: 2 }, cmsisNn: null },
    levels: [],
  },
  // 2 measurements on Cortex-M0 soft core
  'cortex-m0': {
    scale: 1.59, fetch: 0.5, chips: 1,
    heldOut: { known: null, unknown: { mean: 0.543, median: 0.589, p90: 0.589, count: 2 }, cmsisNn: null },
    levels: [],
  },
};

/** Power of a run of MLPerf Tiny, predicted by the median of all runs of its chip: they differ by network, runtime and clock. */
export const POWER_ERROR: LatencyError = { mean: 0.123, median: 0.069, p90: 0.167, count: 101 };

/** Energy of the runs of stacks with CMSIS-NN: latency by a fit that has not seen the network, power by the chip's runs of other networks. */
export const ENERGY_ERROR: LatencyError = { mean: 0.2, median: 0.118, p90: 0.315, count: 14 };
