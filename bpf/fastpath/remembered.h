/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is remembered beside the addresses, and for how long. */
#ifndef MEGANAT_FASTPATH_REMEMBERED_H
#define MEGANAT_FASTPATH_REMEMBERED_H

#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include "account.h"

/* The beginning of an Ethernet frame, in words that are copied at once. */
struct macs {
  __u32 word[3];
};

_Static_assert(sizeof(struct macs) == 2 * ETH_ALEN, "both addresses of a frame and nothing else");

/* How a packet of the connection leaves: as the kernel last sent one. */
struct way_out {
  struct macs macs;
  __u16 address_change; /* what sums grow by with the addresses, and with the ports */
  __u16 port_change;
  __u16 mtu; /* of the IP packet, bytes */
  __u8 slot; /* of the interface in `devices` */
  __u8 direction : 1;
  __u8 epoch : 7;
};

#define EPOCH_BITS 0x7f

/* Whether packets still leave by the same interface to the same neighbour. */
static __always_inline bool is_same_way(const struct way_out *a, const struct way_out *b) {
  return a->slot == b->slot && a->macs.word[0] == b->macs.word[0] && a->macs.word[1] == b->macs.word[1] &&
         a->macs.word[2] == b->macs.word[2];
}

/*
 * A route or a neighbour has changed, as a busy connection shows first: then everything is forgotten, so that
 * connections with few packets need not wait until their time is up. Not again and again if several ways are in use.
 */
static __always_inline void forget_after_move(__u32 now) {
  if (now - control.moved < control.fresh) return;
  control.moved = now;
  __sync_fetch_and_add(&control.epoch, 1);
}

/* Of the packets that come after `fresh` ticks, about one in this many makes the kernel decide anew. */
#define ASK_ONE_IN 256

/*
 * Whether what was remembered until `until` still serves. Rarely used connections are asked for only when they must be:
 * to ask for each of a million connections twice a second would leave nothing to gain.
 */
static __always_inline bool is_fresh(__u32 until, __u32 now) {
  __s32 left = until - now;

  if (left > (__s32)(control.longest - control.fresh)) return true;
  return left > 0 && bpf_get_prandom_u32() % ASK_ONE_IN != 0;
}

/*
 * Whether a place with this content is worth keeping. Zeroes say nothing of it: the kernel's clock begins five minutes
 * before it wraps, so that in half of all times 0 is yet to come.
 */
static __always_inline bool is_taken(__u64 tuple, const struct way_out *out, __u32 until, __u32 now) {
  return tuple != 0 && (__s32)(until - now) > 0 && out->epoch == (control.epoch & EPOCH_BITS);
}

/*
 * Whether the kernel's connection was looked at so lately, at tick `checked`, that it need not be again. UDP has no end
 * that a packet tells of, and a look costs as much as all the rest when there are a million of them. TCP has one: what
 * answers a FIN may come within the same tick, and the kernel must see it, or it takes the connection to be closing for
 * minutes, in which nobody else gets its port.
 */
static __always_inline bool is_trusted(__u16 checked, __u8 protocol, __u32 now) {
  __u16 age = now - checked;

  return protocol == IPPROTO_UDP && age <= control.trusted;
}

#endif
