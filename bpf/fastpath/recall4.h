/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Finds what is remembered of a packet's connection, and whether it still serves. */
#ifndef MEGANAT_FASTPATH_RECALL4_H
#define MEGANAT_FASTPATH_RECALL4_H

#include "coverage.h"
#include "ipv4.h"

/* Copies what is needed after this out of a place, if it is the flow's and nobody was writing meanwhile. */
static __always_inline bool read_place4(struct remembered4 *place, const struct flow4 *flow, struct remembered4 *known) {
  __u32 before = begin_reading(&place->sequence);

  if (!is_of4(place, flow)) return false;
  known->until = place->until;
  known->flow.checked = place->flow.checked;
  known->new_ports = place->new_ports;
  known->out = place->out;
  known->new_addresses = place->new_addresses;
  known->tuple = place->tuple;
  return was_undisturbed(&place->sequence, before) && known->out.epoch == (control.epoch & EPOCH_BITS);
}

static __always_inline enum fate recall4(const struct flow4 *flow, struct remembered4 *known) {
  __u32 hash = hash4(flow);
  __u32 now = ticks();
  struct remembered4 *place;
  struct set4 *set;

  if (!is_covered(hash)) return NOT_COVERED;
  set = find_set4(hash);
  if (!set) return UNKNOWN;
  place = &set->place[0];
  if (!read_place4(place, flow, known)) {
    place = &set->place[1];
    if (!read_place4(place, flow, known)) return UNKNOWN;
  }
  if (!is_fresh(known->until, now)) {
    /* The packets behind this one follow it, so that none overtakes it and the kernel's answer counts for all. */
    place->until = now;
    return ASK_AGAIN;
  }
  if (is_trusted(known->flow.checked, flow->protocol, now)) return FORWARDED;
  if (!still_holds4(flow, known, now)) return CHANGED;
  place->flow.checked = now;
  return FORWARDED;
}

#endif
