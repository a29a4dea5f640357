/**
 * Which functions each CMSIS-NN kernel pulls into flash and how large they are on every core (GCC -O2, --gc-sections):
 * writes scripts/data/code_sizes.json. Run count_instructions.ts first: it compiles the objects used here.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CPUS } from './count/cpus.ts';

const work = join(tmpdir(), 'thumbnet_count');
const here = fileURLToPath(new URL('.', import.meta.url));

/** Entry points by the kernel's name in the cost model. */
const ENTRIES: Record<string, string> = {
  convolve_s8: 'arm_convolve_wrapper_s8',
  convolve_s4: 'arm_convolve_wrapper_s4',
  convolve_s16: 'arm_convolve_wrapper_s16',
  depthwise_conv_s8: 'arm_depthwise_conv_wrapper_s8',
  depthwise_conv_s4: 'arm_depthwise_conv_wrapper_s4',
  depthwise_conv_s16: 'arm_depthwise_conv_wrapper_s16',
  transpose_conv_s8: 'arm_transpose_conv_wrapper_s8',
  fully_connected_s8: 'arm_fully_connected_s8',
  fully_connected_s4: 'arm_fully_connected_s4',
  fully_connected_s16: 'arm_fully_connected_s16',
  batch_matmul_s8: 'arm_batch_matmul_s8',
  elementwise_add_s8: 'arm_elementwise_add_s8',
  elementwise_add_s16: 'arm_elementwise_add_s16',
  elementwise_mul_s8: 'arm_elementwise_mul_s8',
  elementwise_mul_s16: 'arm_elementwise_mul_s16',
  maximum_s8: 'arm_maximum_s8',
  avg_pool_s8: 'arm_avgpool_s8',
  avg_pool_s16: 'arm_avgpool_s16',
  max_pool_s8: 'arm_max_pool_s8',
  max_pool_s16: 'arm_max_pool_s16',
  softmax_s8: 'arm_softmax_s8',
  relu_s8: 'arm_relu_q7',
  relu6_s8: 'arm_relu6_s8',
  activation_s16: 'arm_nn_activation_s16',
  concatenation_s8: 'arm_concatenation_s8_x',
  pad_s8: 'arm_pad_s8',
  transpose_s8: 'arm_transpose_s8',
  svdf_s8: 'arm_svdf_s8',
};

const run = (command: string, args: string[]) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
const kernels: Record<string, Record<string, string[]>> = {};
const sizes: Record<string, Record<string, number>> = {};

for (const [core, cpu] of Object.entries(CPUS)) {
  const dir = join(work, core);
  const objects = readdirSync(dir)
    .filter((f) => /^arm_.*\.o$/.test(f))
    .map((f) => join(dir, f));
  kernels[core] = {};
  sizes[core] = {};
  for (const [kernel, entry] of Object.entries(ENTRIES)) {
    if (core === 'cortex-m55' && kernel === 'softmax_s8') continue;
    const elf = join(dir, 'code.elf');
    const link = [...cpu, '-mthumb', '-nostartfiles', '--specs=nano.specs', '-Wl,--gc-sections', `-Wl,-e,${entry}`];
    run('arm-none-eabi-gcc', [...link, ...objects, '-o', elf]);
    const lines = [...run('arm-none-eabi-nm', ['-S', elf]).matchAll(/^([0-9a-f]+) ([0-9a-f]+) [tTrRwW] (\S+)$/gm)];
    const found = [...new Map(lines.map((m) => [m[1], m])).values()]; // two names of one function count once
    for (const [, , size, name] of found) sizes[core][name] = Number.parseInt(size, 16);
    kernels[core][kernel] = found.map((m) => m[3]).sort();
  }
}
writeFileSync(join(here, 'data/code_sizes.json'), `${JSON.stringify({ kernels, sizes })}\n`);
