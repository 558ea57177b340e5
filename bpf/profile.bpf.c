/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Counts the kernel's call stacks at the ticks of a clock on every processor. Twin of src/kernel/perf/stack-record.ts.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "counters.h"

char _license[] SEC("license") = "Dual MIT/GPL";

/* As many frames as the kernel's default kernel.perf_event_max_stack gives. */
#define FRAMES 127

/* Two stacks with one name and hash are taken for one: at 2^-64 each that does not happen. */
struct stack_key {
  __u64 hash;
  char task[16];
};

struct stack {
  __u64 samples;
  __u64 frames[FRAMES]; /* innermost first, 0 after the last; all 0: the processor was in user space */
};

/* Indices of `counters`. */
enum counter { SAMPLES, LOST };

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, struct stack_key);
  __type(value, struct stack);
} stacks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct stack);
} scratch SEC(".maps");

SEC("perf_event")
int sample(void *ctx) {
  __u32 zero = 0;
  struct stack *stack = bpf_map_lookup_elem(&scratch, &zero), *known;
  struct stack_key key = {.hash = 14695981039346656037ULL};

  if (!stack)
    return 0;
  add_one(SAMPLES);
  __builtin_memset(stack->frames, 0, sizeof(stack->frames));
  bpf_get_stack(ctx, stack->frames, sizeof(stack->frames), 0);
  for (int i = 0; i < FRAMES; i++) {
    if (stack->frames[i] == 0)
      break;
    key.hash = (key.hash ^ stack->frames[i]) * 0x9e3779b97f4a7c15ULL;
    key.hash ^= key.hash >> 29;
  }
  bpf_get_current_comm(key.task, sizeof(key.task));
  known = bpf_map_lookup_elem(&stacks, &key);
  if (!known) {
    stack->samples = 0;
    bpf_map_update_elem(&stacks, &key, stack, BPF_NOEXIST);
    known = bpf_map_lookup_elem(&stacks, &key);
  }
  if (known)
    __sync_fetch_and_add(&known->samples, 1);
  else
    add_one(LOST);
  return 0;
}
