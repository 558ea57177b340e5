/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Internet checksums, changed by what changes (RFC 1624). Byte order does not matter: words are added as they lie. */
#ifndef MEGANAT_FASTPATH_CHECKSUM_H
#define MEGANAT_FASTPATH_CHECKSUM_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>

/* Two ports as they lie in a packet, taken as one number. */
static __always_inline __be16 first_port(__be32 ports) {
  return *(const __be16 *)&ports;
}

static __always_inline __be16 second_port(__be32 ports) {
  return *((const __be16 *)&ports + 1);
}

static __always_inline __be32 joined_ports(__be16 first, __be16 second) {
  __be32 ports;
  *(__be16 *)&ports = first;
  *((__be16 *)&ports + 1) = second;
  return ports;
}

static __always_inline __u16 fold_sum(__u64 sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return (sum & 0xffff) + (sum >> 16);
}

/* What a sum grows by when a word becomes another. */
static __always_inline __u64 word_change(__u32 from, __u32 to) {
  return (__u64)(__u32)~from + to;
}

/* The checksum after what it covers has grown by `change`, which may be a sum of up to three words. */
static __always_inline __sum16 changed_checksum(__sum16 check, __u32 change) {
  __u32 sum = (__u16)~check + change;
  sum = (sum & 0xffff) + (sum >> 16);
  return ~((sum & 0xffff) + (sum >> 16));
}

/* A TTL, or nothing else of its word, smaller by one. */
#define ONE_LESS_TTL ((__u16)~bpf_htons(0x0100))

#endif
