/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Makes a packet what the kernel would make of it. */
#ifndef MEGANAT_FASTPATH_REWRITE_H
#define MEGANAT_FASTPATH_REWRITE_H

#include "packet.h"

static __always_inline void rewrite_ip4(struct iphdr *ip, const struct remembered4 *known) {
  ip->check = changed_checksum(ip->check, (__u32)known->out.address_change + ONE_LESS_TTL);
  ip->ttl--;
  *(__u64 *)&ip->saddr = known->new_addresses;
}

static __always_inline void rewrite_tcp(struct tcphdr *tcp, __be32 ports, __u32 change) {
  *(__be32 *)tcp = ports;
  tcp->check = changed_checksum(tcp->check, change);
}

/* A UDP checksum of 0 says that there is none, which stays so; one that becomes 0 is written as all ones (RFC 768). */
static __always_inline void rewrite_udp(struct udphdr *udp, __be32 ports, __u32 change) {
  __sum16 check = changed_checksum(udp->check, change);

  *(__be32 *)udp = ports;
  if (udp->check != 0) udp->check = check == 0 ? 0xffff : check;
}

#endif
