/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Counters of a program, one set for each processor; who includes this numbers them from 0. */
#ifndef MEGANAT_COUNTERS_H
#define MEGANAT_COUNTERS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define COUNTERS 16

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, COUNTERS);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

static __always_inline void add_one(__u32 counter) {
  __u64 *count = bpf_map_lookup_elem(&counters, &counter);

  if (count)
    *count += 1;
}

#endif
