/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What became of packets, by interface. Twin of src/fastpath/fates.ts. */
#ifndef MEGANAT_FASTPATH_ACCOUNT_H
#define MEGANAT_FASTPATH_ACCOUNT_H

#include <linux/if_ether.h>
#include "settings.h"

/* Forwarded, or why the packet goes to the kernel. The last ones are of packets that leave. */
enum fate {
  FORWARDED,
  OTHER_PROTOCOL,  /* neither TCP nor UDP over IPv4 or IPv6 in plain Ethernet to this interface */
  SPECIAL_HEADER,  /* fragment, IP option, extension header, TTL about to end */
  CONNECTION_EDGE, /* TCP SYN, FIN, RST */
  UNKNOWN,         /* nothing remembered */
  ASK_AGAIN,       /* remembered for long enough: the kernel decides anew */
  CHANGED,         /* the kernel's connection is not any more what was remembered */
  TOO_BIG,         /* for the way out */
  NOT_COVERED,     /* remembering does not pay for so many connections */
  CROWDED,         /* nothing remembered, and where it would be are others that are in use */
  LEARNED,         /* on the way out: remembered */
  NOT_ELIGIBLE,    /* on the way out: connection new, with helper, in another zone, ... */
  EXEMPT,          /* on the way out: a rule has to see every packet */
  FATES
};

struct account {
  __u64 packets[16];
  __u64 bytes;        /* of the forwarded, with their Ethernet header */
  __u8 mac[ETH_ALEN]; /* the interface's own, from user space: here because every packet reads this anyway */
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, DEVICES);
  __type(key, __u32);
  __type(value, struct account);
} accounts SEC(".maps");

#endif
