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

/* What is 0 may be anything. */
struct exemption {
  __u8 version;
  __u8 protocol;
  __u16 reserved;
  __u32 in_interface;
  __u32 out_interface;
  __u32 more;
  struct span source;
  struct span destination;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, EXEMPTIONS);
  __type(key, __u32);
  __type(value, struct exemption);
} exemptions SEC(".maps");

static __always_inline bool is_within6(const struct span *span, const struct address6 *address) {
  return (address->half[0] & span->mask.half[0]) == span->address.half[0] &&
         (address->half[1] & span->mask.half[1]) == span->address.half[1];
}

static __always_inline bool is_within4(const struct span *span, __be32 address) {
  return (address & (__u32)span->mask.half[0]) == (__u32)span->address.half[0];
}

#endif
