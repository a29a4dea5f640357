/* Calls one CMSIS-NN kernel for each case of cases.h between two markers, so that a QEMU plugin can count its instructions. */
#include "arm_nnfunctions.h"
#include "bm.h"

enum { INPUT = 100 * 1024, OUTPUT = 100 * 1024, WEIGHTS = 100 * 1024, SCRATCH = 60 * 1024, CHANNELS = 1024 };
static int8_t input[INPUT] __attribute__((aligned(16)));
static int8_t output[OUTPUT] __attribute__((aligned(16)));
static int8_t weights[WEIGHTS] __attribute__((aligned(16)));
static int8_t scratch[SCRATCH] __attribute__((aligned(16)));
static int64_t bias[CHANNELS];
static int32_t multiplier[CHANNELS], shift[CHANNELS];

typedef struct { int16_t kernel, n, h, w, c, oh, ow, oc, fh, fw, sh, sw, ph, pw, dh, dw, groups; } geometry;
enum {
    CONVOLVE_S8, CONVOLVE_S4, CONVOLVE_S16, DEPTHWISE_CONV_S8, DEPTHWISE_CONV_S4, DEPTHWISE_CONV_S16,
    FULLY_CONNECTED_S8, FULLY_CONNECTED_PER_CHANNEL_S8, FULLY_CONNECTED_S4, FULLY_CONNECTED_S16,
    ELEMENTWISE_ADD_S8, ELEMENTWISE_ADD_S16, ELEMENTWISE_MUL_S8, ELEMENTWISE_MUL_S16,
    AVG_POOL_S8, AVG_POOL_S16, MAX_POOL_S8, MAX_POOL_S16, SOFTMAX_S8, RELU_Q7, RELU6_S8, ACTIVATION_S16,
    CONCATENATION_S8_X, PAD_S8, TRANSPOSE_S8, MAXIMUM_S8, BATCH_MATMUL_S8, TRANSPOSE_CONV_S8, SVDF_S8,
    DOT_F32
};
#include "cases.h"

static uint32_t state = 1;
static uint32_t next(void) { state ^= state << 13; state ^= state >> 17; state ^= state << 5; return state; }

#include "call.h"

int main(void)
{
    for (int i = 0; i < INPUT; i++) input[i] = (int8_t)next();
    for (int i = 0; i < WEIGHTS; i++) weights[i] = (int8_t)next();
    for (int i = 0; i < CHANNELS; i++) {
        ((int32_t *)bias)[i] = (int32_t)(next() % 2048u) - 1024;
        multiplier[i] = 0x40000000 + (int32_t)(next() % 0x3f000000u);
        shift[i] = -8 - (int32_t)(next() % 3u);
    }
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int status = call(&cases[i]);
        if (status) { sh_u32("case", i); sh_i32("status", status); }
    }
    return 0;
}
