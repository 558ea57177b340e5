/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is remembered of a connection over IPv4, one direction of it; what a packet must look like to be compared with it. */
#ifndef MEGANAT_FASTPATH_IPV4_H
#define MEGANAT_FASTPATH_IPV4_H

#include "checksum.h"
#include "conntrack.h"
#include "remembered.h"
#include "sequence.h"

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
  union {
    struct {
      __be32 new_source;
      __be32 new_destination;
    };
    __u64 new_addresses;
  };
  __u64 tuple; /* the kernel's nf_conntrack_tuple_hash for this direction */
};

_Static_assert(sizeof(struct remembered4) == 64, "what is remembered over IPv4 fills a cache line");

struct set4 {
  struct remembered4 place[2];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE); /* begins at a page, so no place lies across two cache lines */
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct set4);
} connections4 SEC(".maps");

static __always_inline __u32 hash4(const struct flow4 *flow) {
  __u64 hash = (flow->addresses ^ settings.seed) * 0x9e3779b97f4a7c15;
  hash = (hash ^ hash >> 32 ^ flow->ports ^ (__u64)flow->kind << 32) * 0xd6e8feb86659fd93;
  return hash >> 32;
}

static __always_inline struct set4 *find_set4(__u32 hash) {
  __u32 set = hash & (settings.sets4 - 1);
  return bpf_map_lookup_elem(&connections4, &set);
}

static __always_inline bool is_of4(const struct remembered4 *place, const struct flow4 *flow) {
  return place->flow.addresses == flow->addresses && place->flow.ports == flow->ports && place->flow.kind == flow->kind;
}

/* Whether the tuple, as the kernel has it, is from the source to the destination; the ports as they lie in a packet. */
static __always_inline bool is_tuple4(__u64 tuple, __be32 source, __be32 destination, __be32 ports) {
  return READ(nf_conntrack_tuple_hash, tuple, tuple.src.u3.ip) == source &&
         READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u3.ip) == destination &&
         READ(nf_conntrack_tuple_hash, tuple, tuple.src.u.all) == first_port(ports) &&
         READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u.all) == second_port(ports);
}

/* Whether the kernel's connection is still the one that was remembered, and still may pass without the kernel. */
static __always_inline bool still_holds4(const struct flow4 *flow, const struct remembered4 *known, __u32 now) {
  __u64 connection = known->tuple - tuple_at(0, known->out.direction);

  return is_forwardable(connection, flow->protocol, now) &&
         READ(nf_conntrack_tuple_hash, known->tuple, tuple.dst.protonum) == flow->protocol &&
         is_tuple4(known->tuple, flow->source, flow->destination, flow->ports) &&
         is_tuple4(tuple_at(connection, !known->out.direction), known->new_destination, known->new_source,
                   swapped_ports(known->new_ports));
}

#endif
