/*
 * Rows of many nearly tied maxima through CMSIS-NN's 8-bit softmax: one JSON case a line, for test/wasm/softmax_ties.json.
 * With CMSIS_NN a checkout of CMSIS-NN 99f736a and EMULATOR the folder of startup code that scripts/count_instructions.ts uses:
 *
 *   arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -O2 -nostartfiles --specs=nano.specs -I $CMSIS_NN/Include -I $EMULATOR -L $EMULATOR \
 *     -T $EMULATOR/linker/mps2-an385.ld $EMULATOR/startup.c scripts/softmax_ties.c $CMSIS_NN/Source/SoftmaxFunctions/arm_*s8*.c \
 *     $CMSIS_NN/Source/SoftmaxFunctions/arm_softmax_u8.c -o ties.elf
 *   qemu-system-arm -M mps2-an385 -display none -serial none -monitor none \
 *     -semihosting-config enable=on,target=native,chardev=sh -chardev stdio,id=sh -kernel ties.elf
 */
#include "arm_nnfunctions.h"
#include "bm.h"

#define ROOM 20000
static int8_t x[ROOM], y[ROOM];
static uint8_t xu[ROOM], yu[ROOM];
static int16_t y16[ROOM];

static const int sizes[] = {255, 256, 511, 512, 513, 700, 1023, 1024, 2047, 2048, 4095, 4096, 4097, 5000, 8191, 8192, 8193, 9000, 16384, 20000};
/* Distances of the values of a row from its maximum, taken in turn. */
static const int below[][3] = {{0, 0, 0}, {0, 1, 2}, {0, 200, 0}};
static const struct { int32_t mult, shift, diff_min; } scales[] = {{1 << 30, 23, -248}, {1717986918, 20, -1983}, {1900000000, 24, -70}};

static void number(int32_t v) {
    char text[12], *p = text + sizeof text - 1;
    uint32_t n = v < 0 ? -(uint32_t)v : (uint32_t)v;
    *p = 0;
    do *--p = '0' + n % 10; while (n /= 10);
    if (v < 0) *--p = '-';
    sh_puts(p);
}

static void list(const char *name, int32_t a, int32_t b, int32_t c) {
    sh_puts(name); number(a); sh_puts(", "); number(b); sh_puts(", "); number(c); sh_puts("]");
}

int main(void) {
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (unsigned p = 0; p < 3; p++)
            for (unsigned s = 0; s < 3; s++) {
                const int n = sizes[i];
                for (int k = 0; k < n; k++) xu[k] = 128 + (x[k] = 127 - below[p][k % 3]);
                arm_softmax_s8(x, 1, n, scales[s].mult, scales[s].shift, scales[s].diff_min, y);
                arm_softmax_u8(xu, 1, n, scales[s].mult, scales[s].shift, scales[s].diff_min, yu);
                arm_softmax_s8_s16(x, 1, n, scales[s].mult, scales[s].shift, scales[s].diff_min, y16);
                sh_puts("{ \"size\": "); number(n);
                list(", \"below\": [", below[p][0], below[p][1], below[p][2]);
                list(", \"scale\": [", scales[s].mult, scales[s].shift, scales[s].diff_min);
                list(", \"s8\": [", y[0], y[1], y[2]);
                list(", \"u8\": [", yu[0], yu[1], yu[2]);
                list(", \"s8_s16\": [", y16[0], y16[1], y16[2]);
                sh_puts(" }\n");
            }
    sh_exit(0);
}
