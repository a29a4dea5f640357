/** GCC's flags for each core. */
export const CPUS: Record<string, string[]> = {
  'cortex-m0': ['-mcpu=cortex-m0'],
  'cortex-m3': ['-mcpu=cortex-m3'],
  'cortex-m4': ['-mcpu=cortex-m4', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'],
  'cortex-m7': ['-mcpu=cortex-m7', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16'],
  'cortex-m33': ['-mcpu=cortex-m33', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16'],
  'cortex-m55': ['-mcpu=cortex-m55', '-mfloat-abi=hard'],
};
