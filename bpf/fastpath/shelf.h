/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The places for connections lie on shelves: many small maps in one, not one large. The kernel has maps of up to 32 KiB
 * in its own memory, which the processor reaches by pages of 2 MiB and more, and larger ones by pages of 4 KiB: with a
 * million connections that makes 150 ns of difference for each packet.
 */
#ifndef MEGANAT_FASTPATH_SHELF_H
#define MEGANAT_FASTPATH_SHELF_H

#include "../kernel-read.h"

#define CACHE_LINE 64
/* With the map's own head a shelf takes just less than this. */
#define SHELF_BYTES 32768
#define SHELF_HEAD 384

struct bpf_array {
  char value[0];
} KERNEL;

/* What must be left free at the beginning so that places begin at cache lines. */
static __always_inline __u32 bytes_before_sets(void) {
  __u32 line = CACHE_LINE;

  /* Else it becomes a negation, of whose result the verifier of Linux 6.1 knows nothing. */
  __asm__ volatile("" : "+r"(line));
  return (line - bpf_core_field_offset(struct bpf_array, value)) & (CACHE_LINE - 1);
}

/* A number below `count`, of 16 bits of a hash. */
static __always_inline __u64 choose(__u64 bits, __u32 count) {
  __u64 chosen = (bits & 0xffff) * count >> 16;

  /* Joined with the multiplication that follows, the verifier would lose sight of the bound. */
  __asm__ volatile("" : "+r"(chosen));
  return chosen;
}

/* Declares what holds sets of one kind; how many shelves there are is said when the programs are loaded. */
#define SHELVES(version) \
  enum { SETS_ON_SHELF##version = (SHELF_BYTES - SHELF_HEAD) / sizeof(struct set##version) }; \
  struct shelf##version { \
    __u8 before[CACHE_LINE]; \
    struct set##version sets[SETS_ON_SHELF##version]; \
  }; \
  struct inner_shelf##version { \
    __uint(type, BPF_MAP_TYPE_ARRAY); \
    __uint(max_entries, 1); \
    __uint(key_size, sizeof(__u32)); \
    __uint(value_size, sizeof(struct shelf##version)); \
  }; \
  struct { \
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
    __uint(max_entries, 1); \
    __type(key, __u32); \
    __array(values, struct inner_shelf##version); \
  } shelves##version SEC(".maps"); \
\
  static __always_inline struct set##version *find_set##version(__u64 hash) { \
    __u32 which = choose(hash >> 48, settings.shelves##version); \
    __u32 zero = 0; \
    void *inner = bpf_map_lookup_elem(&shelves##version, &which); \
    struct shelf##version *shelf = inner ? bpf_map_lookup_elem(inner, &zero) : NULL; \
    __u64 set = choose(hash >> 32, SETS_ON_SHELF##version); \
    return shelf ? (void *)shelf + bytes_before_sets() + set * sizeof(struct set##version) : NULL; \
  }

#endif
