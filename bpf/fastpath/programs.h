/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The fast path. `learn` stands behind everything the kernel does with a packet: netfilter, routing, neighbours. What it
 * sees leave, it remembers. `forward_xdp` and `forward_tc` stand before all of it, and do the same to the packets that
 * follow, as long as the kernel's own connection says that it still holds. Whatever they do not know goes to the kernel,
 * untouched, and from time to time a packet that they do know, so that the kernel decides again.
 */
#ifndef MEGANAT_FASTPATH_PROGRAMS_H
#define MEGANAT_FASTPATH_PROGRAMS_H

#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include "coverage.h"
#include "ipv4.h"
#include "ipv6.h"
#include "sequence.h"
#include "socket-buffer.h"

char _license[] SEC("license") = "Dual MIT/GPL";

static __always_inline int to_kernel(struct account *account, enum fate fate, __u32 slot, int verdict) {
  account->packets[fate]++;
  if (fate == UNKNOWN || fate == ASK_AGAIN || fate == NOT_COVERED || fate == CROWDED) decide_coverage(account, slot);
  return verdict;
}

/* What the packet will measure on its way out, in bytes of IP; each of its segments, if it is cut into some. */
static __always_inline __u32 leaving_length(const struct __sk_buff *skb, const void *ip, const void *transport,
                                            __u8 protocol) {
  __u32 headers = transport - ip;
  __u8 words;

  if (skb->gso_size == 0) return skb->len - ETH_HLEN;
  if (protocol != IPPROTO_TCP) return headers + sizeof(struct udphdr) + skb->gso_size;
  /* Not by the packet's pointer: the verifier of 6.1 has forgotten that its bounds were those for TCP. */
  if (bpf_skb_load_bytes(skb, ETH_HLEN + headers + 12, &words, sizeof(words))) return ~0U;
  return headers + (words >> 4) * 4 + skb->gso_size;
}

static __always_inline bool is_no_change(__u16 change) {
  return change == 0 || change == 0xffff;
}

/* Changes the checksum of TCP or UDP, which may be only begun, or be checked already: the kernel knows (skb->ip_summed). */
static __always_inline void tc_change_checksum(struct __sk_buff *skb, __u32 offset, const struct way_out *out,
                                               __u64 flags) {
  if (!is_no_change(out->address_change))
    bpf_l4_csum_replace(skb, offset, 0, out->address_change, BPF_F_PSEUDO_HDR | flags);
  if (!is_no_change(out->port_change)) bpf_l4_csum_replace(skb, offset, 0, out->port_change, flags);
}

static __always_inline int tc_redirect(__u32 slot) {
  struct device *device = bpf_map_lookup_elem(&devices, &slot);
  return device ? bpf_redirect(device->index, 0) : TC_ACT_SHOT;
}

/* Brings so many bytes together; a packet that is shorter stays as it is. */
static __always_inline void make_readable(struct __sk_buff *skb, __u32 length) {
  if (skb->data + length > skb->data_end) bpf_skb_pull_data(skb, length);
}

/* The interfaces a packet came and leaves by. */
struct passage {
  __u32 from;
  __u32 to;
};

#define VERSION 4
#include "each-version.h"
#undef VERSION
#define VERSION 6
#include "each-version.h"
#undef VERSION

/* Whether the frame is to this interface: one that listens to all, or a bridge's port, gets those to others as well. */
static __always_inline bool is_for_station(const struct ethhdr *eth, const struct account *account) {
  const __u16 *mac = (const __u16 *)account->mac;
  const __u16 *to = (const __u16 *)eth->h_dest;

  return to[0] == mac[0] && to[1] == mac[1] && to[2] == mac[2];
}

SEC("xdp")
int forward_xdp(struct xdp_md *ctx) {
  struct ethhdr *eth = (void *)(long)ctx->data;
  void *end = (void *)(long)ctx->data_end;
  __u32 slot = device_slot(ctx->ingress_ifindex);
  struct account *account = bpf_map_lookup_elem(&accounts, &slot);

  if (!account || (void *)(eth + 1) > end) return XDP_PASS;
  if (!is_for_station(eth, account)) return to_kernel(account, OTHER_PROTOCOL, slot, XDP_PASS);
  if (eth->h_proto == bpf_htons(ETH_P_IP)) return xdp_forward4(eth, end, slot, account);
  if (eth->h_proto == bpf_htons(ETH_P_IPV6)) return xdp_forward6(eth, end, slot, account);
  return to_kernel(account, OTHER_PROTOCOL, slot, XDP_PASS);
}

SEC("tc")
int forward_tc(struct __sk_buff *skb) {
  __u32 slot = device_slot(skb->ingress_ifindex);
  struct account *account = bpf_map_lookup_elem(&accounts, &slot);

  if (!account) return TC_ACT_UNSPEC;
  if (skb->vlan_present || skb->pkt_type != PACKET_HOST)
    return to_kernel(account, OTHER_PROTOCOL, slot, TC_ACT_UNSPEC);
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    make_readable(skb, ETH_HLEN + sizeof(struct iphdr) + sizeof(struct tcphdr));
    return tc_forward4(skb, slot, account);
  }
  if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
    make_readable(skb, ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct tcphdr));
    return tc_forward6(skb, slot, account);
  }
  return to_kernel(account, OTHER_PROTOCOL, slot, TC_ACT_UNSPEC);
}

/* The connection the kernel knows the packet by, and the direction; 0 if it is new, related or untracked. */
static __always_inline __u64 connection_of(const struct __sk_buff *skb, enum direction *direction) {
  __u64 known = nfct_of(skb);
  __u32 info = known & NFCT_INFO;

  if (info != IP_CT_ESTABLISHED && info != IP_CT_ESTABLISHED_REPLY) return 0;
  *direction = info == IP_CT_ESTABLISHED ? ORIGINAL : REPLY;
  return known & ~(__u64)NFCT_INFO;
}

static __always_inline enum fate learn_packet(const struct __sk_buff *skb) {
  void *end = (void *)(long)skb->data_end;
  struct ethhdr *eth = (void *)(long)skb->data;
  enum direction direction = ORIGINAL;
  __u64 connection = connection_of(skb, &direction);
  struct passage passage = {.from = skb->ingress_ifindex, .to = skb->ifindex};
  __u32 now = ticks();
  struct way_out out;

  if (connection == 0 || (void *)(eth + 1) > end || skb->vlan_present) return NOT_ELIGIBLE;
  out = (struct way_out){
      .macs = *(struct macs *)eth,
      .mtu = mtu_of(skb),
      .slot = device_slot(skb->ifindex),
      .direction = direction,
  };
  if (eth->h_proto == bpf_htons(ETH_P_IP)) return learn4(connection, (void *)(eth + 1), end, &passage, now, &out);
  if (eth->h_proto == bpf_htons(ETH_P_IPV6)) return learn6(connection, (void *)(eth + 1), end, &passage, now, &out);
  return OTHER_PROTOCOL;
}

/* An interface of ours, or NULL. */
static __always_inline struct device *find_device(__u32 index) {
  __u32 slot = device_slot(index);
  struct device *device = bpf_map_lookup_elem(&devices, &slot);
  return device && device->index == index ? device : NULL;
}

SEC("tc")
int learn(struct __sk_buff *skb) {
  __u32 from = skb->ingress_ifindex; /* 0: made on this machine, not forwarded */
  __u32 slot = device_slot(skb->ifindex);
  struct account *account;

  /* What forward_tc sent has no connection: netfilter has not seen it. */
  if (from == 0 || nfct_of(skb) == 0 || !find_device(from)) return TC_ACT_UNSPEC;
  account = bpf_map_lookup_elem(&accounts, &slot);
  if (account) account->packets[learn_packet(skb)]++;
  return TC_ACT_UNSPEC;
}

/* How user space finds out how long a tick is. */
SEC("tc")
int tick(struct __sk_buff *skb) {
  (void)skb;
  return ticks();
}

#endif
