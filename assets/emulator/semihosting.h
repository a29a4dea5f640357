/* The host behind an emulated core. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H
#include <stdint.h>

enum { HOST_READ = 1, HOST_WRITE = 5 }; /* "rb" and "wb" of fopen */

void host_print(const char *text);
/* A file in the folder where the emulator runs; negative: it cannot be opened. */
int32_t host_open(const char *name, int32_t mode);
/* How many bytes were read. */
uint32_t host_read(int32_t file, void *to, uint32_t bytes);
void host_write(int32_t file, const void *from, uint32_t bytes);
void host_exit(int32_t code) __attribute__((noreturn));

/* Fills the free stack with a pattern, and counts the bytes from its top to the deepest one written since. */
void stack_paint(void);
uint32_t stack_used(void);
#endif
