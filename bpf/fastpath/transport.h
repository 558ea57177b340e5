/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* TCP and UDP, as far as they matter: the ports, and whether the packet opens or ends a connection. */
#ifndef MEGANAT_FASTPATH_TRANSPORT_H
#define MEGANAT_FASTPATH_TRANSPORT_H

#include <stdbool.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "account.h"
#include "checksum.h"
#include "exemption.h"

#define TCP_FLAGS 13        /* where they lie */
#define TCP_EDGE_FLAGS 0x07 /* FIN, SYN, RST */
#define TCP_SYN 0x02

/* Whether the transport header is whole, and no beginning or end of a connection. */
static __always_inline enum fate judge_transport(const void *header, const void *end, __u8 protocol) {
  if (protocol == IPPROTO_UDP) return header + sizeof(struct udphdr) <= end ? FORWARDED : SPECIAL_HEADER;
  if (protocol != IPPROTO_TCP) return OTHER_PROTOCOL;
  if (header + sizeof(struct tcphdr) > end) return SPECIAL_HEADER;
  return ((const __u8 *)header)[TCP_FLAGS] & TCP_EDGE_FLAGS ? CONNECTION_EDGE : FORWARDED;
}

/* Both ports in the machine's byte order. */
struct port_numbers {
  __u64 source;
  __u64 destination;
};

static __always_inline struct port_numbers numbers_of(__be32 ports) {
  return (struct port_numbers){bpf_ntohs(first_port(ports)), bpf_ntohs(second_port(ports))};
}

/* Not 0 if either port, before and after the translation, is none of the exemption's: a rule may see either. */
static __always_inline __u64 outside_either(const struct exemption *exemption, struct port_numbers before,
                                            struct port_numbers after) {
  const struct port_span *source = &exemption->source_ports;
  const struct port_span *destination = &exemption->destination_ports;

  return (outside_ports(source, before.source) & outside_ports(source, after.source)) |
         (outside_ports(destination, before.destination) & outside_ports(destination, after.destination));
}

static __always_inline bool is_syn(const struct tcphdr *tcp) {
  return ((const __u8 *)tcp)[TCP_FLAGS] & TCP_SYN;
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
