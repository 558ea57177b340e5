/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Of the kernel's own structures, the fields that are read. Where they lie is filled in for the running kernel when the
 * program is loaded (CO-RE), so order and size here mean nothing.
 */
#ifndef MEGANAT_SOCKET_BUFFER_H
#define MEGANAT_SOCKET_BUFFER_H

#include "kernel-read.h"

struct ns_common {
  unsigned int inum;
} KERNEL;

struct net {
  struct ns_common ns;
} KERNEL;

typedef struct {
  struct net *net;
} possible_net_t;

struct net_device {
  int ifindex;
  possible_net_t nd_net;
} KERNEL;

struct sock_common {
  possible_net_t skc_net;
} KERNEL;

struct sock {
  struct sock_common __sk_common;
} KERNEL;

struct sk_buff {
  struct net_device *dev;
  struct sock *sk;
  int skb_iif;
  unsigned int len;
  __be16 protocol;
  __u16 network_header;
  unsigned char *head;
} KERNEL;

struct iphdr {
  __u8 protocol;
} KERNEL;

struct ipv6hdr {
  __u8 nexthdr;
} KERNEL;

/* The tracepoint's record: only to ask whether this kernel has the field, and so the argument. */
struct trace_event_raw_kfree_skb {
  void *rx_sk;
} KERNEL;

/* A network header that was never set, as the kernel writes it. */
#define NO_NETWORK_HEADER 0xffff

#endif
