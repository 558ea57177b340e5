/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Packets: which may take the fast path, and what of them is compared. */
#ifndef MEGANAT_FASTPATH_PACKET_H
#define MEGANAT_FASTPATH_PACKET_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "account.h"
#include "ipv4.h"

#define IP_FRAGMENT 0x3fff
#define IP4_NO_OPTIONS 0x45 /* version and header length */
#define TCP_FLAGS 13        /* where they lie */
#define TCP_EDGE_FLAGS 0x07 /* FIN, SYN, RST */

/* Whether the transport header is whole, and no beginning or end of a connection. */
static __always_inline enum fate judge_transport(const void *header, const void *end, __u8 protocol) {
  if (protocol == IPPROTO_UDP) return header + sizeof(struct udphdr) <= end ? FORWARDED : SPECIAL_HEADER;
  if (protocol != IPPROTO_TCP) return OTHER_PROTOCOL;
  if (header + sizeof(struct tcphdr) > end) return SPECIAL_HEADER;
  return ((const __u8 *)header)[TCP_FLAGS] & TCP_EDGE_FLAGS ? CONNECTION_EDGE : FORWARDED;
}

/* The flow but for the interface. */
static __always_inline enum fate read_flow4(const struct iphdr *ip, const void *end, struct flow4 *flow) {
  const void *transport = ip + 1;
  enum fate fate;

  if (transport > end || *(const __u8 *)ip != IP4_NO_OPTIONS || ip->frag_off & bpf_htons(IP_FRAGMENT))
    return SPECIAL_HEADER;
  fate = judge_transport(transport, end, ip->protocol);
  if (fate != FORWARDED) return fate;
  flow->addresses = *(const __u64 *)&ip->saddr;
  flow->ports = *(const __be32 *)transport;
  flow->protocol = ip->protocol;
  return FORWARDED;
}

#endif
