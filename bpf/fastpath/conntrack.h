/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The kernel's connection, read where it lies. */
#ifndef MEGANAT_FASTPATH_CONNTRACK_H
#define MEGANAT_FASTPATH_CONNTRACK_H

#include <stdbool.h>
#include <linux/in.h>
#include "../kernel-read.h"
#include "checksum.h"

union nf_inet_addr {
  __u32 all[4];
  __be32 ip;
} KERNEL;

union nf_conntrack_man_proto {
  __be16 all;
} KERNEL;

struct nf_conntrack_man {
  union nf_inet_addr u3;
  union nf_conntrack_man_proto u;
} KERNEL;

struct nf_conntrack_tuple {
  struct nf_conntrack_man src;
  struct {
    union nf_inet_addr u3;
    union {
      __be16 all;
    } u;
    __u8 protonum;
  } dst;
} KERNEL;

struct nf_conntrack_tuple_hash {
  struct nf_conntrack_tuple tuple;
} KERNEL;

struct nf_conntrack_zone {
  __u16 id;
} KERNEL;

struct ip_ct_tcp {
  __u8 state;
} KERNEL;

union nf_conntrack_proto {
  struct ip_ct_tcp tcp;
} KERNEL;

struct nf_conn {
  __u32 timeout;
  struct nf_conntrack_zone zone;
  struct nf_conntrack_tuple_hash tuplehash[2];
  unsigned long status;
  union nf_conntrack_proto proto;
} KERNEL;

/* include/uapi/linux/netfilter/nf_conntrack_common.h, nf_conntrack_tcp.h */
#define IPS_ASSURED (1 << 2)
#define IPS_CONFIRMED (1 << 3)
#define IPS_SEQ_ADJUST (1 << 6)
#define IPS_DYING (1 << 9)
#define IPS_HELPER (1 << 13)
#define IPS_OFFLOAD (1 << 14)
#define IPS_JUDGED (IPS_ASSURED | IPS_CONFIRMED | IPS_SEQ_ADJUST | IPS_DYING | IPS_HELPER | IPS_OFFLOAD)
#define TCP_CONNTRACK_ESTABLISHED 3

enum direction { ORIGINAL, REPLY };

/* The connection's tuple as seen in a direction, a pointer to which stands for the connection and the direction. */
static __always_inline __u64 tuple_at(__u64 connection, enum direction direction) {
  return connection + bpf_core_field_offset(struct nf_conn, tuplehash) +
         direction * bpf_core_type_size(struct nf_conntrack_tuple_hash);
}

/*
 * Whether packets of this connection may pass without the kernel: it lives, is in the table, both sides have answered
 * (ASSURED), nothing rewrites its payload, and for TCP it is established. A connection that the kernel has deleted is
 * DYING until its memory serves another one, and then its tuples differ: memory of connections stays memory of
 * connections while anybody may look (SLAB_TYPESAFE_BY_RCU), and past that it reads as whatever it is now.
 */
static __always_inline bool is_forwardable(__u64 connection, __u8 protocol, __u32 now) {
  if ((READ(nf_conn, connection, status) & IPS_JUDGED) != (IPS_ASSURED | IPS_CONFIRMED)) return false;
  /* The kernel compares so itself (nf_ct_is_expired). */
  if ((__s32)(READ(nf_conn, connection, timeout) - now) <= 0) return false;
  return protocol != IPPROTO_TCP || READ(nf_conn, connection, proto.tcp.state) == TCP_CONNTRACK_ESTABLISHED;
}

/* Whether the ports of the kernel's tuple are these, as they lie in a packet; turned round for those of an answer. */
static __always_inline bool is_ports_of(__u64 tuple, __be32 ports, bool of_answers) {
  __be16 first = first_port(ports);
  __be16 second = second_port(ports);

  return READ(nf_conntrack_tuple_hash, tuple, tuple.src.u.all) == (of_answers ? second : first) &&
         READ(nf_conntrack_tuple_hash, tuple, tuple.dst.u.all) == (of_answers ? first : second);
}

#endif
