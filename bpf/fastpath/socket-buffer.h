/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the kernel's packet knows of its connection and its route. */
#ifndef MEGANAT_FASTPATH_SOCKET_BUFFER_H
#define MEGANAT_FASTPATH_SOCKET_BUFFER_H

#include <linux/bpf.h>
#include "conntrack.h"
#include "settings.h"

struct net_device {
  unsigned int mtu;
} KERNEL;

struct sk_buff {
  unsigned long _nfct;
  unsigned long _skb_refdst;
  struct net_device *dev;
} KERNEL;

struct dst_entry {
  unsigned long _metrics;
} KERNEL;

/* include/linux/skbuff.h, include/net/dst.h: low bits of a pointer that say something else. */
#define NFCT_INFO 7
#define DST_NOREF 1
#define DST_METRICS_FLAGS 3
#define RTAX_MTU 2

/* enum ip_conntrack_info */
#define IP_CT_ESTABLISHED 0
#define IP_CT_ESTABLISHED_REPLY 3

#define READ_SKB(skb, field) READ(sk_buff, skb, field)

static __always_inline __u64 nfct_of(const struct __sk_buff *skb) {
  return READ_SKB(skb, _nfct);
}

static __always_inline __u16 zone_of(__u64 connection) {
  if (!bpf_core_field_exists(struct nf_conn, zone)) return 0;
  return READ(nf_conn, connection, zone.id);
}

/* The largest IP packet, in bytes, that goes this packet's way in one piece: its route's, else the interface's. */
static __always_inline __u16 mtu_of(const struct __sk_buff *skb) {
  __u64 route = READ_SKB(skb, _skb_refdst) & ~(__u64)DST_NOREF;
  const struct net_device *device = READ_SKB(skb, dev);
  __u32 mtu = READ(net_device, device, mtu);
  __u64 metrics;
  __u32 own = 0;

  if (route != 0) {
    metrics = READ(dst_entry, route, _metrics) & ~(__u64)DST_METRICS_FLAGS;
    bpf_probe_read_kernel(&own, sizeof(own), (const void *)(metrics + (RTAX_MTU - 1) * sizeof(__u32)));
  }
  if (own != 0 && own < mtu) mtu = own;
  return mtu > 0xffff ? 0xffff : mtu;
}

/* For how long to remember: never past half of what the connection has left, so that the kernel sees it in time. */
static __always_inline __u32 lasting_ticks(__u64 connection, __u32 now) {
  __u32 half = (READ(nf_conn, connection, timeout) - now) / 2;
  return half < control.longest ? half : control.longest;
}

#endif
