/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is remembered of a connection over IPv4, one direction of it; what a packet must look like to be compared with it. */
#ifndef MEGANAT_FASTPATH_IPV4_H
#define MEGANAT_FASTPATH_IPV4_H

#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include "conntrack.h"
#include "exemption.h"
#include "remembered.h"
#include "shares.h"
#include "shelf.h"
#include "transport.h"

#define IP_FRAGMENT 0x3fff
#define IP4_NO_OPTIONS 0x45 /* version and header length */

typedef struct iphdr ip_header4;

/* A packet as it came in; addresses and ports as they lie in the packet. */
struct flow4 {
  union {
    struct {
      __be32 source;
      __be32 destination;
    };
    __u64 addresses;
  };
  __be32 ports; /* both, as they lie one after the other */
  union {
    struct {
      __u8 protocol;
      __u8 slot; /* of the interface it came in by */
    };
    __u16 kind;
  };
};

/* 64 bytes: one cache line, whatever the packet needs. */
struct remembered4 {
  __u32 sequence;
  __u32 until; /* ticks */
  struct {
    __u64 addresses;
    __be32 ports;
    __u16 kind;
    __u16 checked; /* ticks: when the kernel's connection was last looked at */
  } flow;          /* struct flow4, and in its padding one thing more */
  __be32 new_ports;
  struct way_out out;
  __u64 new_addresses;
  __u64 tuple; /* the kernel's nf_conntrack_tuple_hash for this direction */
};

_Static_assert(sizeof(struct remembered4) == 64, "what is remembered over IPv4 fills a cache line");

struct set4 {
  struct remembered4 place[2];
};

SHELVES(4)

static __always_inline __u64 hash4(const struct flow4 *flow) {
  __u64 hash = (flow->addresses ^ settings.seed) * 0x9e3779b97f4a7c15;
  hash = (hash ^ hash >> 32 ^ flow->ports ^ (__u64)flow->kind << 32) * 0xd6e8feb86659fd93;
  return hash ^ hash >> 32;
}

static __always_inline bool is_of4(const struct remembered4 *place, const struct flow4 *flow) {
  return place->flow.addresses == flow->addresses && place->flow.ports == flow->ports && place->flow.kind == flow->kind;
}

/* Whether the kernel's tuple is the flow's, or that of the answers to it. */
static __always_inline bool is_tuple4(__u64 tuple, const struct flow4 *flow, bool of_answers) {
  return READ(nf_conntrack_tuple_hash, tuple, tuple.src.u3.ip) == (of_answers ? flow->destination : flow->source) &&
         READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u3.ip) == (of_answers ? flow->source : flow->destination) &&
         is_ports_of(tuple, flow->ports, of_answers);
}

/* A flow that looks so after translation. */
static __always_inline void read_new4(const struct remembered4 *known, struct flow4 *flow) {
  flow->addresses = known->new_addresses;
  flow->ports = known->new_ports;
}

static __always_inline void copy_flow4(struct remembered4 *to, const struct flow4 *flow) {
  to->flow.addresses = flow->addresses;
  to->flow.ports = flow->ports;
  to->flow.kind = flow->kind;
}

static __always_inline void copy_new4(struct remembered4 *to, const struct remembered4 *from) {
  to->new_addresses = from->new_addresses;
  to->new_ports = from->new_ports;
}

static __always_inline void take_new4(struct remembered4 *to, const struct flow4 *leaving) {
  to->new_addresses = leaving->addresses;
  to->new_ports = leaving->ports;
}

/* The packet as it came in, from the kernel's tuple for its direction. */
static __always_inline void read_tuple4(__u64 tuple, struct flow4 *flow) {
  flow->source = READ(nf_conntrack_tuple_hash, tuple, tuple.src.u3.ip);
  flow->destination = READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u3.ip);
  flow->ports = joined_ports(READ(nf_conntrack_tuple_hash, tuple, tuple.src.u.all),
                             READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u.all));
  flow->protocol = READ(nf_conntrack_tuple_hash, tuple, tuple.dst.protonum);
}

/* The flow but for the interface; also that of a packet that opens or ends a connection. */
static __always_inline enum fate read_flow4(const struct iphdr *ip, const void *end, struct flow4 *flow) {
  const void *transport = ip + 1;
  enum fate fate;

  if (transport > end || *(const __u8 *)ip != IP4_NO_OPTIONS || ip->frag_off & bpf_htons(IP_FRAGMENT))
    return SPECIAL_HEADER;
  fate = judge_transport(transport, end, ip->protocol);
  if (fate != FORWARDED && fate != CONNECTION_EDGE) return fate;
  flow->addresses = *(const __u64 *)&ip->saddr;
  flow->ports = *(const __be32 *)transport;
  flow->protocol = ip->protocol;
  return fate;
}

/* Whether an exemption's addresses are those of the packet as it came or as it leaves: a rule may see either. */
/* Not 0 if the packet lies outside of the exemption's addresses, before and after its translation. */
static __always_inline __u64 outside_of4(const struct exemption *exemption, const struct flow4 *flow,
                                        const struct flow4 *leaving) {
  return have_both(outside4(&exemption->source, flow->source), outside4(&exemption->source, leaving->source)) |
         have_both(outside4(&exemption->destination, flow->destination),
                   outside4(&exemption->destination, leaving->destination));
}

static __always_inline void share_key4(struct share_key *key, const struct flow4 *flow) {
  key->source.v4 = flow->source;
  key->destination.v4 = flow->destination;
}

/* Bytes of the packet without what a short frame is filled up with. */
static __always_inline __u32 length4(const struct iphdr *ip) {
  return bpf_ntohs(ip->tot_len);
}

static __always_inline __u8 hops4(const struct iphdr *ip) {
  return ip->ttl;
}

/* What sums of the packet grow by with its addresses. */
static __always_inline __u16 address_change4(const struct flow4 *from, const struct flow4 *to) {
  return fold_sum(word_change(from->source, to->source) + word_change(from->destination, to->destination));
}

static __always_inline void rewrite_ip4(struct iphdr *ip, const struct remembered4 *known) {
  ip->check = changed_checksum(ip->check, (__u32)known->out.address_change + ONE_LESS_TTL);
  ip->ttl--;
  *(__u64 *)&ip->saddr = known->new_addresses;
}

#endif
