/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Remembers what the kernel has just done with a packet of a connection. */
#ifndef MEGANAT_FASTPATH_LEARN4_H
#define MEGANAT_FASTPATH_LEARN4_H

#include "coverage.h"
#include "ipv4.h"

/* Where to write: where it already is, else where what is there serves shortest. */
static __always_inline struct remembered4 *choose_place4(struct set4 *set, const struct flow4 *flow) {
  struct remembered4 *first = &set->place[0];
  struct remembered4 *second = &set->place[1];

  if (is_of4(first, flow)) return first;
  if (is_of4(second, flow)) return second;
  return (__s32)(first->until - second->until) <= 0 ? first : second;
}

static __always_inline bool write_place4(struct remembered4 *place, const struct flow4 *flow,
                                         const struct remembered4 *known) {
  if (!begin_writing(&place->sequence)) return false;
  compiler_barrier();
  place->until = known->until;
  place->flow.addresses = flow->addresses;
  place->flow.ports = flow->ports;
  place->flow.kind = flow->kind;
  place->flow.checked = known->flow.checked;
  place->new_ports = known->new_ports;
  place->out = known->out;
  place->new_addresses = known->new_addresses;
  place->tuple = known->tuple;
  end_writing(&place->sequence);
  return true;
}

/* The packet as it came in, from the kernel's tuple for its direction. */
static __always_inline void read_tuple4(__u64 tuple, struct flow4 *flow) {
  flow->source = READ(nf_conntrack_tuple_hash, tuple, tuple.src.u3.ip);
  flow->destination = READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u3.ip);
  flow->ports = joined_ports(READ(nf_conntrack_tuple_hash, tuple, tuple.src.u.all),
                             READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u.all));
  flow->protocol = READ(nf_conntrack_tuple_hash, tuple, tuple.dst.protonum);
}

/*
 * `leaving` is the packet as it leaves, `known` has all but what follows from the addresses. `slot` is that of the
 * interface by which the packet came.
 */
static __always_inline enum fate learn4(__u64 connection, const struct flow4 *leaving, __u32 slot,
                                        struct remembered4 *known) {
  enum direction direction = known->out.direction;
  struct flow4 flow = {.slot = slot};
  struct set4 *set;
  __u32 hash;

  known->tuple = tuple_at(connection, direction);
  read_tuple4(known->tuple, &flow);
  /* The answer's tuple turned round is what the packet must look like now; if not, somebody else has changed it, too. */
  if (flow.protocol != leaving->protocol || !is_tuple4(tuple_at(connection, !direction), leaving->destination,
                                                       leaving->source, swapped_ports(leaving->ports)))
    return NOT_ELIGIBLE;
  hash = hash4(&flow);
  if (!is_covered(hash)) return NOT_COVERED;
  known->new_addresses = leaving->addresses;
  known->new_ports = leaving->ports;
  known->out.address_change =
      fold_sum(word_change(flow.source, leaving->source) + word_change(flow.destination, leaving->destination));
  known->out.port_change = fold_sum(word_change(flow.ports, leaving->ports));
  set = find_set4(hash);
  if (!set || !write_place4(choose_place4(set, &flow), &flow, known)) return NOT_ELIGIBLE;
  return LEARNED;
}

#endif
