// Written by scripts/fit_cost_model.ts; do not edit.
// biome-ignore-all lint/suspicious/noApproximativeNumericConstant: fitted numbers

import type { Cycles, LatencyError } from './cycles.ts';

// biome-ignore format: one line a figure
export const CYCLES: Readonly<Record<string, Cycles>> = {
  // 91 measurements on STM32F411CE, STM32F413ZH, STM32L4R5ZI, nRF52832
  'cortex-m4': {
    cpi: 1.34, fetch: 0.715, chips: 4,
    heldOut: { known: { median: 0.102, p90: 0.295, count: 28 }, unknown: { median: 0.422, p90: 1.22, count: 91 }, cmsisNn: { median: 0.275, p90: 0.381, count: 7 } },
    levels: [{ runtime: 'X-CUBE-AI', times: 0.814, low: 0.499, high: 0.938, count: 25 }, { runtime: 'TFLM of 2020', times: 2.11, low: 1.24, high: 2.21, count: 4 }, { runtime: 'CMSIS-NN', times: 1.11, low: 0.895, high: 1.17, count: 16 }, { runtime: 'Plumerai', times: 0.685, low: 0.503, high: 0.828, count: 11 }, { runtime: 'Bosch HALE', times: 0.695, low: 0.536, high: 0.724, count: 8 }, { runtime: 'TinyMaix O1 SIMD', times: 1.67, low: 1.35, high: 1.69, count: 4 }, { runtime: 'TinyMaix O1', times: 1.73, low: 1.48, high: 2.16, count: 4 }],
  },
  // 65 measurements on STM32F746, STM32H747XI, STM32H750, STM32H7A3ZI
  'cortex-m7': {
    cpi: 0.758, fetch: 0.419, chips: 4,
    heldOut: { known: { median: 0.0402, p90: 0.174, count: 29 }, unknown: { median: 0.418, p90: 0.698, count: 65 }, cmsisNn: null },
    levels: [{ runtime: 'X-CUBE-AI', times: 0.752, low: 0.617, high: 0.92, count: 37 }, { runtime: 'Plumerai', times: 0.666, low: 0.625, high: 0.679, count: 3 }, { runtime: 'Bosch HALE', times: 0.683, low: 0.563, high: 0.707, count: 8 }, { runtime: 'TinyMaix O1 SIMD', times: 1.52, low: 1.38, high: 1.67, count: 3 }, { runtime: 'TinyMaix O1', times: 1.56, low: 1.36, high: 1.67, count: 3 }],
  },
  // 37 measurements on STM32U385RG, STM32U575ZI, XR806 (Star-MC1)
  'cortex-m33': {
    cpi: 1.14, fetch: 0.742, chips: 3,
    heldOut: { known: { median: 0.183, p90: 0.314, count: 13 }, unknown: { median: 0.682, p90: 1.28, count: 37 }, cmsisNn: null },
    levels: [{ runtime: 'X-CUBE-AI', times: 0.652, low: 0.518, high: 0.994, count: 20 }, { runtime: 'Plumerai', times: 0.545, low: 0.487, high: 0.676, count: 3 }, { runtime: 'Bosch HALE', times: 0.7, low: 0.55, high: 0.721, count: 8 }, { runtime: 'TinyMaix O1', times: 1.73, low: 1.6, high: 1.97, count: 3 }],
  },
  // 16 measurements on RP2040, STM32G0B1RE
  'cortex-m0+': {
    cpi: 1.57, fetch: 0.5, chips: 2,
    heldOut: { known: { median: 0.331, p90: 0.509, count: 10 }, unknown: { median: 0.313, p90: 0.517, count: 16 }, cmsisNn: null },
    levels: [{ runtime: 'Bosch HALE', times: 0.698, low: 0.636, high: 0.953, count: 4 }, { runtime: 'TinyMaix O1', times: 1.71, low: 1.38, high: 1.87, count: 6 }],
  },
  // 2 measurements on R7FA8D1AHECBD
  'cortex-m85': {
    cpi: 0.869, fetch: 0.3, chips: 1,
    heldOut: { known: { median: 0.287, p90: 0.287, count: 2 }, unknown: { median: 0.287, p90: 0.287, count: 2 }, cmsisNn: { median: 0.287, p90: 0.287, count: 2 } },
    levels: [],
  },
  // 9 measurements on Apollo510
  'cortex-m55': {
    cpi: 1.06, fetch: 0.3, chips: 1,
    heldOut: { known: { median: 0.2, p90: 0.257, count: 9 }, unknown: { median: 0.2, p90: 0.257, count: 9 }, cmsisNn: { median: 0.2, p90: 0.257, count: 9 } },
    levels: [{ runtime: 'TFLM with CMSIS-NN', times: 1.04, low: 0.972, high: 1.05, count: 4 }, { runtime: 'CMSIS-NN', times: 1, low: 0.969, high: 1.02, count: 5 }],
  },
  // 2 measurements on MM32F3270
  'cortex-m3': {
    cpi: 1.67, fetch: 0.5, chips: 1,
    heldOut: { known: null, unknown: { median: 0.595, p90: 0.595, count: 2 }, cmsisNn: null },
    levels: [],
  },
  // 2 measurements on Cortex-M0 soft core
  'cortex-m0': {
    cpi: 2.02, fetch: 0.5, chips: 1,
    heldOut: { known: null, unknown: { median: 0.629, p90: 0.629, count: 2 }, cmsisNn: null },
    levels: [],
  },
};

/** Power of a run of MLPerf Tiny, predicted by the median of all runs of its chip: they differ by network, runtime and clock. */
export const POWER_ERROR: LatencyError = { median: 0.069, p90: 0.167, count: 101 };
