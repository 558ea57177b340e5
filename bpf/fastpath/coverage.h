/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Remembering costs every packet a look into memory, and pays for connections whose packets come often enough. Where
 * hardly any does, only a part of the connections is remembered, so that little is lost and a change is noticed.
 */
#ifndef MEGANAT_FASTPATH_COVERAGE_H
#define MEGANAT_FASTPATH_COVERAGE_H

#include <stdbool.h>
#include "account.h"

#define WHOLE_COVERAGE 16
/* Packets looked up in vain, or not at all, between two looks at the clock, and in the fewest to decide by. */
#define MISSES_TO_LOOK 1024
#define LOOKS_TO_DECIDE 4096

/* How the counts stood at the last decision. */
struct sample {
  __u64 found;
  __u64 missed;
  __u64 filled;
  __u32 since; /* ticks */
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, DEVICES);
  __type(key, __u32);
  __type(value, struct sample);
} samples SEC(".maps");

static __always_inline bool is_covered(__u64 hash) {
  return (hash >> 28 & 15) < control.coverage;
}

/*
 * Called for packets that were looked up in vain or not at all. That nothing is remembered yet where there is room says
 * nothing: with many connections it takes a while until each has come by. As long as more is still filling up than is
 * looked up in vain, it is too early to judge.
 */
static __always_inline void decide_coverage(const struct account *account, __u32 slot) {
  __u64 missed = account->packets[CROWDED] + account->packets[ASK_AGAIN];
  __u64 filled = account->packets[UNKNOWN];
  __u64 found = account->packets[FORWARDED];
  __u32 coverage = control.coverage;
  __u32 now = ticks();
  struct sample *before;

  if ((filled + missed + account->packets[NOT_COVERED]) % MISSES_TO_LOOK != 0) return;
  before = bpf_map_lookup_elem(&samples, &slot);
  if (!before) return;
  if (before->since == 0) before->since = now;
  if (now - before->since < control.window) return;
  found -= before->found;
  missed -= before->missed;
  filled -= before->filled;
  if (found + missed < LOOKS_TO_DECIDE) return;
  /* A look in vain, and remembering for nothing, costs about an eighth of what a find saves. */
  if (found * 8 < missed && filled < missed)
    coverage = coverage > 1 ? coverage / 2 : 1;
  else if (found > missed)
    coverage = coverage < WHOLE_COVERAGE / 2 ? coverage * 2 : WHOLE_COVERAGE;
  if (coverage != control.coverage) control.coverage = coverage;
  before->found += found;
  before->missed += missed;
  before->filled += filled;
  before->since = now;
}

#endif
