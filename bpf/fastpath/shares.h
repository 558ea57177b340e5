/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the fast path has forwarded of each direction of a connection: for hosts where the kernel counts its own share of
 * the packets (nf_conntrack_acct). Twin of src/observe/flows/forwarded-shares.ts.
 */
#ifndef MEGANAT_FASTPATH_SHARES_H
#define MEGANAT_FASTPATH_SHARES_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "exemption.h"
#include "settings.h"

union any_address {
  __be32 v4;
  struct address6 v6;
};

/* A packet as it came in, which is the kernel's tuple of its direction. */
struct share_key {
  union any_address source;
  union any_address destination;
  __be32 ports; /* both, as they lie one after the other */
  __u8 protocol;
  __u8 version; /* of IP */
  __u16 reserved;
};

struct share {
  __u64 packets;
  __u64 bytes; /* of IP, as the kernel counts them */
  __u64 tuple; /* the kernel's, to tell a connection from a former one with the same addresses and ports */
};

/* Who was not seen for longest makes room. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1);
  __type(key, struct share_key);
  __type(value, struct share);
} shares SEC(".maps");

static __always_inline void count_share(const struct share_key *key, __u64 tuple, __u64 bytes) {
  struct share first = {.packets = 1, .bytes = bytes, .tuple = tuple};
  struct share *share = bpf_map_lookup_elem(&shares, key);

  if (share && share->tuple == tuple) {
    __sync_fetch_and_add(&share->packets, 1);
    __sync_fetch_and_add(&share->bytes, bytes);
    return;
  }
  bpf_map_update_elem(&shares, key, &first, BPF_ANY);
}

#endif
