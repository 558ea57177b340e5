/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is remembered of a connection over IPv6, one direction of it. As ipv4.h, with longer addresses. */
#ifndef MEGANAT_FASTPATH_IPV6_H
#define MEGANAT_FASTPATH_IPV6_H

#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include "conntrack.h"
#include "exemption.h"
#include "remembered.h"
#include "shares.h"
#include "shelf.h"
#include "transport.h"

#define IP6_VERSION 6

typedef struct ipv6hdr ip_header6;

/* A packet as it came in; addresses and ports as they lie in the packet. */
struct flow6 {
  struct address6 source;
  struct address6 destination;
  __be32 ports;
  union {
    struct {
      __u8 protocol;
      __u8 slot; /* of the interface it came in by */
    };
    __u16 kind;
  };
};

/* Two cache lines, of which the second is read only once the flow is found. */
struct remembered6 {
  __u32 sequence;
  __u32 until; /* ticks */
  struct {
    struct address6 source;
    struct address6 destination;
    __be32 ports;
    __u16 kind;
    __u16 checked; /* ticks */
  } flow;
  __u64 tuple;
  struct address6 new_source;
  struct address6 new_destination;
  __be32 new_ports;
  struct way_out out;
  __u8 reserved[16];
};

_Static_assert(sizeof(struct remembered6) == 128, "what is remembered over IPv6 fills two cache lines");

struct set6 {
  struct remembered6 place[2];
};

SHELVES(6)

static __always_inline bool is_address6(const struct address6 *a, const struct address6 *b) {
  return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

static __always_inline __u64 hash6(const struct flow6 *flow) {
  __u64 hash = (flow->source.half[0] ^ settings.seed) * 0x9e3779b97f4a7c15;
  hash = (hash ^ hash >> 32 ^ flow->source.half[1]) * 0xd6e8feb86659fd93;
  hash = (hash ^ hash >> 32 ^ flow->destination.half[0]) * 0x9e3779b97f4a7c15;
  hash = (hash ^ hash >> 32 ^ flow->destination.half[1]) * 0xd6e8feb86659fd93;
  hash = (hash ^ hash >> 32 ^ flow->ports ^ (__u64)flow->kind << 32) * 0xa0761d6478bd642f;
  return hash ^ hash >> 32;
}

static __always_inline bool is_of6(const struct remembered6 *place, const struct flow6 *flow) {
  return is_address6(&place->flow.source, &flow->source) && is_address6(&place->flow.destination, &flow->destination) &&
         place->flow.ports == flow->ports && place->flow.kind == flow->kind;
}

/* An address of a tuple in two halves; each word is read by itself, as the kernel declares it. */
#define READ_ADDRESS6(tuple_, end_) \
  ((struct address6){{READ(nf_conntrack_tuple_hash, tuple_, tuple.end_.u3.all[0]) | \
                          (__u64)READ(nf_conntrack_tuple_hash, tuple_, tuple.end_.u3.all[1]) << 32, \
                      READ(nf_conntrack_tuple_hash, tuple_, tuple.end_.u3.all[2]) | \
                          (__u64)READ(nf_conntrack_tuple_hash, tuple_, tuple.end_.u3.all[3]) << 32}})

/* Whether the kernel's tuple is the flow's, or that of the answers to it. */
static __always_inline bool is_tuple6(__u64 tuple, const struct flow6 *flow, bool of_answers) {
  struct address6 source = READ_ADDRESS6(tuple, src);
  struct address6 destination = READ_ADDRESS6(tuple, dst);

  return is_address6(&source, of_answers ? &flow->destination : &flow->source) &&
         is_address6(&destination, of_answers ? &flow->source : &flow->destination) &&
         is_ports_of(tuple, flow->ports, of_answers);
}

/* A flow that looks so after translation. */
static __always_inline void read_new6(const struct remembered6 *known, struct flow6 *flow) {
  flow->source = known->new_source;
  flow->destination = known->new_destination;
  flow->ports = known->new_ports;
}

static __always_inline void copy_flow6(struct remembered6 *to, const struct flow6 *flow) {
  to->flow.source = flow->source;
  to->flow.destination = flow->destination;
  to->flow.ports = flow->ports;
  to->flow.kind = flow->kind;
}

static __always_inline void copy_new6(struct remembered6 *to, const struct remembered6 *from) {
  to->new_source = from->new_source;
  to->new_destination = from->new_destination;
  to->new_ports = from->new_ports;
}

static __always_inline void take_new6(struct remembered6 *to, const struct flow6 *leaving) {
  to->new_source = leaving->source;
  to->new_destination = leaving->destination;
  to->new_ports = leaving->ports;
}

/* The packet as it came in, from the kernel's tuple for its direction. */
static __always_inline void read_tuple6(__u64 tuple, struct flow6 *flow) {
  flow->source = READ_ADDRESS6(tuple, src);
  flow->destination = READ_ADDRESS6(tuple, dst);
  flow->ports = joined_ports(READ(nf_conntrack_tuple_hash, tuple, tuple.src.u.all),
                             READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u.all));
  flow->protocol = READ(nf_conntrack_tuple_hash, tuple, tuple.dst.protonum);
}

/* As read_flow4. Extension headers, fragments among them, are the kernel's. */
static __always_inline enum fate read_flow6(const struct ipv6hdr *ip, const void *end, struct flow6 *flow) {
  const void *transport = ip + 1;
  enum fate fate;

  if (transport > end || ip->version != IP6_VERSION) return SPECIAL_HEADER;
  fate = judge_transport(transport, end, ip->nexthdr);
  if (fate != FORWARDED && fate != CONNECTION_EDGE) return fate;
  flow->source = *(const struct address6 *)&ip->saddr;
  flow->destination = *(const struct address6 *)&ip->daddr;
  flow->ports = *(const __be32 *)transport;
  flow->protocol = ip->nexthdr;
  return fate;
}

/* Whether an exemption's addresses are those of the packet as it came or as it leaves: a rule may see either. */
/* Not 0 if the packet lies outside of the exemption's addresses, before and after its translation. */
static __always_inline __u64 outside_of6(const struct exemption *exemption, const struct flow6 *flow,
                                        const struct flow6 *leaving) {
  return have_both(outside6(&exemption->source, &flow->source), outside6(&exemption->source, &leaving->source)) |
         have_both(outside6(&exemption->destination, &flow->destination),
                   outside6(&exemption->destination, &leaving->destination));
}

static __always_inline void share_key6(struct share_key *key, const struct flow6 *flow) {
  key->source.v6 = flow->source;
  key->destination.v6 = flow->destination;
}

static __always_inline __u32 length6(const struct ipv6hdr *ip) {
  return sizeof(*ip) + bpf_ntohs(ip->payload_len);
}

static __always_inline __u8 hops6(const struct ipv6hdr *ip) {
  return ip->hop_limit;
}

/* By how much the sum of an address grows when it becomes another. */
static __always_inline __u64 address_sum_change(const struct address6 *from, const struct address6 *to) {
  return word_change(from->half[0], to->half[0]) + word_change(from->half[0] >> 32, to->half[0] >> 32) +
         word_change(from->half[1], to->half[1]) + word_change(from->half[1] >> 32, to->half[1] >> 32);
}

/* What sums of the packet grow by with its addresses. */
static __always_inline __u16 address_change6(const struct flow6 *from, const struct flow6 *to) {
  return fold_sum(address_sum_change(&from->source, &to->source) +
                  address_sum_change(&from->destination, &to->destination));
}

static __always_inline void rewrite_ip6(struct ipv6hdr *ip, const struct remembered6 *known) {
  ip->hop_limit--;
  *(struct address6 *)&ip->saddr = known->new_source;
  *(struct address6 *)&ip->daddr = known->new_destination;
}

#endif
