/* Start of a program on an emulated Cortex-M, and semihosting: files and the exit code are the host's. */
#include "semihosting.h"
#include <string.h>

extern uint32_t stack_top, stack_limit, data_load, data_start, data_end, bss_start, bss_end;
extern int main(void);
void reset(void);

static uint32_t call_host(uint32_t operation, const void *arguments) {
  register uint32_t r0 __asm("r0") = operation;
  register const void *r1 __asm("r1") = arguments;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void host_print(const char *text) { (void)call_host(0x04, text); }

int32_t host_open(const char *name, int32_t mode) {
  const struct {
    const char *name;
    int32_t mode;
    uint32_t length;
  } arguments = {name, mode, strlen(name)};
  return (int32_t)call_host(0x01, &arguments);
}

uint32_t host_read(int32_t file, void *to, uint32_t bytes) {
  const struct {
    int32_t file;
    void *to;
    uint32_t bytes;
  } arguments = {file, to, bytes};
  return bytes - call_host(0x06, &arguments);
}

void host_write(int32_t file, const void *from, uint32_t bytes) {
  const struct {
    int32_t file;
    const void *from;
    uint32_t bytes;
  } arguments = {file, from, bytes};
  (void)call_host(0x05, &arguments);
}

void host_exit(int32_t code) {
  const struct {
    uint32_t reason;
    int32_t code;
  } arguments = {0x20026, code}; /* ADP_Stopped_ApplicationExit */
  (void)call_host(0x20, &arguments);
  for (;;) {
  }
}

#define PAINT 0xa5c3f00du

void stack_paint(void) {
  register uint32_t *sp __asm("sp");
  for (uint32_t *p = &stack_limit; p < sp; p++) *p = PAINT;
}

uint32_t stack_used(void) {
  const uint32_t *p = &stack_limit;
  while (p < &stack_top && *p == PAINT) p++;
  return (uint32_t)((uintptr_t)&stack_top - (uintptr_t)p);
}

static void fault(void) {
  host_print("fault\n");
  host_exit(99);
}

void reset(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: full access to CP10 and CP11 */
  __asm volatile("dsb\n isb" ::: "memory");
#endif
#if defined(__ARM_FEATURE_MVE)
  const uint32_t whole_vectors = 4u << 16; /* FPSCR.LTPSIZE: no tail predication outside its loops */
  __asm volatile("vmsr fpscr, %0" ::"r"(whole_vectors) : "memory");
#endif
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
  __asm volatile("msr msplim, %0" ::"r"(&stack_limit));
#endif
  const uint32_t *from = &data_load;
  for (uint32_t *to = &data_start; to < &data_end; to++) *to = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end; to++) *to = 0;
  host_exit(main());
}

typedef void (*vector)(void);
extern const vector vectors[16];
__attribute__((section(".vectors"), used)) const vector vectors[16] = {
    (vector)(uintptr_t)&stack_top, reset, fault, fault, fault, fault, fault, fault, 0, 0, 0, fault, fault, 0, fault, fault,
};
