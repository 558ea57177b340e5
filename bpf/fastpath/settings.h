/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What user space tells the fast path. Twin of src/fastpath/settings.ts. */
#ifndef MEGANAT_FASTPATH_SETTINGS_H
#define MEGANAT_FASTPATH_SETTINGS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Fixed when the programs are loaded: the verifier takes them for constants, and leaves out what they rule out. */
struct settings {
  __u64 seed;          /* secret, so that nobody can choose connections that share a place in memory */
  __u32 shelves4;      /* how many there are for IPv4, at most 65535 */
  __u32 shelves6;      /* and for IPv6 */
  __u32 device_factor; /* odd; makes every interface's index into a different number, see device_slot */
  __u32 weak_order;    /* the processor may let others see writes in another order */
  __u32 counts_shares; /* of each connection: shares.h */
};

volatile const struct settings settings = {};

/* May change at any time. Ticks are those of the kernel's timers (HZ). */
struct control {
  __u32 epoch; /* what was remembered under another number is forgotten */
  __u32 coverage; /* of 16 connections, how many are remembered; the programs themselves turn this down and up */
  __u32 fresh; /* ticks for which nobody asks the kernel again */
  __u32 longest; /* ticks after which the kernel is asked in any case */
  __u32 trusted; /* ticks for which a UDP connection of the kernel is not looked at again */
  __u32 window; /* ticks between two decisions on the coverage */
  __u32 moved; /* ticks: when a way out was last seen to have changed */
  __u32 exemptions; /* how many there are */
};

struct control control SEC(".data") = {.coverage = 16};

#define DEVICES 64

/* An interface on which a program is, or through which packets leave. */
struct device {
  __u32 index; /* 0: nobody has this slot */
  __u32 takes; /* bits: enum path */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, DEVICES);
  __type(key, __u32);
  __type(value, struct device);
} devices SEC(".maps");

/* The same interfaces for XDP's redirection, at the same slots. */
struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __uint(max_entries, DEVICES);
  __type(key, __u32);
  __type(value, __u32);
} xdp_devices SEC(".maps");

static __always_inline __u32 device_slot(__u32 index) {
  return index * settings.device_factor >> 26;
}

/* The number of ticks since some moment, as the kernel's own timers count them; wraps. */
static __always_inline __u32 ticks(void) {
  return bpf_jiffies64();
}

#endif
