/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Connections of which a rule has to see every packet: they are not remembered, so they stay the kernel's. Asked only
 * when something is to be remembered, so a list will do. Twin of src/fastpath/exemption-bytes.ts.
 */
#ifndef MEGANAT_FASTPATH_EXEMPTION_H
#define MEGANAT_FASTPATH_EXEMPTION_H

#include <stdbool.h>
#include "settings.h"

#define EXEMPTIONS 64

struct address6 {
  __u64 half[2];
};

/* Addresses that begin with the same bits; a mask of zeros is for any. IPv4 lies in the first four bytes. */
struct span {
  struct address6 address;
  struct address6 mask;
};

/* What a packet is beside its addresses and ports. */
struct packet_kind {
  __u8 version;
  __u8 protocol;
  __u16 reserved;
  __u32 in_interface;
  __u32 out_interface;
  __u32 more;
};

/* Ports from one on, in the machine's byte order, but for the last so many of those that follow it; zeros are for any. */
struct port_span {
  __u16 first;
  __u16 left_out;
};

/* Packets of a kind, what is zero in the mask left open, between addresses and ports. */
struct exemption {
  struct packet_kind kind;
  struct packet_kind mask;
  struct span source;
  struct span destination;
  struct port_span source_ports;
  struct port_span destination_ports;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, EXEMPTIONS);
  __type(key, __u32);
  __type(value, struct exemption);
} exemptions SEC(".maps");

/* Bits by which something is not what it should be. */
static __always_inline __u64 outside6(const struct span *span, const struct address6 *address) {
  return ((address->half[0] ^ span->address.half[0]) & span->mask.half[0]) |
         ((address->half[1] ^ span->address.half[1]) & span->mask.half[1]);
}

static __always_inline __u64 outside4(const struct span *span, __be32 address) {
  return (address ^ (__u32)span->address.half[0]) & (__u32)span->mask.half[0];
}

/* 1 if the port is not among them, else 0; as have_both, and the compiler must not know that both are short. */
static __always_inline __u64 outside_ports(const struct port_span *span, __u64 port) {
  __u64 after = (port - span->first) & 0xffff;
  __u64 last = 0xffff - span->left_out;

  __asm__ volatile("" : "+r"(after), "+r"(last));
  return (last - after) >> 63;
}

static __always_inline __u64 of_other_kind(const struct exemption *exemption, const struct packet_kind *kind) {
  return outside6((const struct span *)exemption, (const struct address6 *)kind);
}

/* What comes to this value is worked out before what follows: all at once would take more registers than there are. */
#define one_by_one(value) __asm__ volatile("" : "+r"(value))

/*
 * 1 if there is a bit in both, else 0. Without branches, of which the verifier would follow both ways, in each round of
 * a loop: it would take a quarter of a second to load the programs.
 */
static __always_inline __u64 have_both(__u64 one, __u64 other) {
  __u64 negative_one = -one;
  __u64 negative_other = -other;

  /* The compiler knows what this comes to, and would make a branch of it. */
  __asm__ volatile("" : "+r"(negative_one), "+r"(negative_other));
  return ((one | negative_one) & (other | negative_other)) >> 63;
}

#endif
