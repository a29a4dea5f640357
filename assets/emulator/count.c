/*
 * Counts the instructions that an emulated core executes, between marks: a plugin for QEMU 7.2 (plugin API version 1).
 *
 *   -plugin count.so,out=FILE,marks=FILE
 *
 * `marks` holds addresses, one hexadecimal number a line. Each time one of them is about to execute, a line
 * "ADDRESS COUNT" goes to `out`, with the instructions executed before it. The last line is "end COUNT".
 * With `profile=FILE`, what was executed since the mark before goes there too: "mark ADDRESS", then "ADDRESS COUNT TAKEN" of every
 * instruction, with how often a branch was taken.
 *
 * Debian ships no header for plugins, so the prototypes in use are declared here (QEMU's include/qemu/qemu-plugin.h).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct {
  const char *target_name;
  struct {
    int min, cur;
  } version;
  bool system_emulation;
  union {
    struct {
      int smp_vcpus, max_vcpus;
    } system;
  };
} qemu_info_t;
enum { NO_REGISTERS = 0, ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = 1;

static uint64_t total;
static FILE *out, *profile;

/* Addresses that were translated, by open addressing; `mark` is set for those asked for. */
#define SLOTS (1u << 18)
static struct slot {
  uint64_t address;
  uint64_t count, taken;
  bool used, mark;
} slots[SLOTS];

/* A piece of straight code. */
struct block {
  uint64_t begin, end;
  struct slot *last;
};
static const struct block *before;

static struct slot *slot_of(uint64_t address) {
  uint32_t i = (uint32_t)(address * 2654435761u) >> 14;
  while (slots[i].used && slots[i].address != address) i = (i + 1) & (SLOTS - 1);
  slots[i].used = true;
  slots[i].address = address;
  return &slots[i];
}

static void write_profile(uint64_t mark) {
  fprintf(profile, "mark %" PRIx64 "\n", mark);
  for (uint32_t i = 0; i < SLOTS; i++) {
    struct slot *s = &slots[i];
    if (s->count) fprintf(profile, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", s->address, s->count, s->taken);
    s->count = s->taken = 0;
  }
}

static void on_mark(unsigned cpu, void *slot) {
  (void)cpu;
  fprintf(out, "%" PRIx64 " %" PRIu64 "\n", ((struct slot *)slot)->address, total);
  if (profile) write_profile(((struct slot *)slot)->address);
}

static void on_block(unsigned cpu, void *block) {
  (void)cpu;
  const struct block *now = block;
  if (before && before->end != now->begin) before->last->taken++;
  before = now;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  (void)id;
  size_t n = qemu_plugin_tb_n_insns(block);
  if (profile) {
    struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(block, n - 1);
    struct block *own = malloc(sizeof *own);
    own->begin = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0));
    own->end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
    own->last = slot_of(qemu_plugin_insn_vaddr(last));
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, NO_REGISTERS, own);
  }
  for (size_t i = 0; i < n; i++) {
    struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
    struct slot *slot = slot_of(qemu_plugin_insn_vaddr(instruction));
    /* Callbacks run in the order of registration: a mark is seen before its own instruction counts. */
    if (slot->mark) qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_mark, NO_REGISTERS, slot);
    qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &total, 1);
    if (profile) qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &slot->count, 1);
  }
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *unused) {
  (void)id;
  (void)unused;
  fprintf(out, "end %" PRIu64 "\n", total);
  fclose(out);
  if (profile) fclose(profile);
}

static int read_marks(const char *name) {
  FILE *file = fopen(name, "r");
  uint64_t address;
  if (!file) return -1;
  while (fscanf(file, "%" SCNx64, &address) == 1) slot_of(address)->mark = true;
  fclose(file);
  return 0;
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
  (void)info;
  for (int i = 0; i < argc; i++) {
    if (!strncmp(argv[i], "out=", 4)) out = fopen(argv[i] + 4, "w");
    if (!strncmp(argv[i], "marks=", 6) && read_marks(argv[i] + 6)) return -1;
    if (!strncmp(argv[i], "profile=", 8)) profile = fopen(argv[i] + 8, "w");
  }
  if (!out) return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
  return 0;
}
