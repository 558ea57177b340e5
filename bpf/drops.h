/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Counts the packets the kernel drops, by why, where, what and in which namespace. No packet is copied, but for the
 * first bytes of some when asked for. Twin of src/kernel/drops/record.ts.
 */
#ifndef MEGANAT_DROPS_H
#define MEGANAT_DROPS_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include "counters.h"
#include "socket-buffer.h"

char _license[] SEC("license") = "Dual MIT/GPL";

/* Reasons up to this are no drops: SKB_NOT_DROPPED_YET and SKB_CONSUMED. */
#define LAST_NO_DROP 1
#define SAMPLE_BYTES 96

struct config {
  __u32 namespace; /* inode; 0: every namespace */
  __u32 samples;   /* headers a second and processor; 0: none */
};

struct cause {
  __u64 location;
  __u32 reason;
  __u32 namespace;
  __u32 interface;
  __be16 protocol;
  __u8 transport; /* the IP protocol number, 0 if it is no IP packet */
  __u8 padding;
};

struct sample {
  struct cause cause;
  __u64 time; /* ns, CLOCK_MONOTONIC */
  __u32 length; /* of the packet, from where the kernel stood in it */
  __u32 captured;
  __u8 bytes[SAMPLE_BYTES]; /* from the network header */
};

/* How many samples this processor has sent in this second. */
struct pace {
  __u64 second;
  __u64 sent;
};

/* Indices of `counters`. */
enum counter { UNATTRIBUTED, SAMPLES_LOST };

/*
 * Causes that come first: a drop is counted here if its cause has the seat that its key points to, which costs half of
 * a lookup in the hash map. A seat is never given up, so what is read never goes back.
 */
#define SEATS 64

struct seat {
  struct cause cause;
  __u64 packets; /* 0: the seat is free */
};

struct seats {
  struct seat seats[SEATS];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct config);
} config SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct seats);
} seats SEC(".maps");

/* Causes whose seat has another one. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct cause);
  __type(value, __u64);
} causes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct pace);
} paces SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 4096);
  __type(value, struct sample);
} samples SEC(".maps");

/*
 * A packet on its way lies in its device's namespace; the socket it has then is the sender's, perhaps of another one.
 * `dev` shares its place with other things once a socket has taken the packet. The receiver is told for such drops: its
 * namespace is right, and `dev` counts only if it is of the same one.
 */
static __always_inline void place(const struct sk_buff *skb, const struct sock *receiver, struct cause *cause) {
  const struct net_device *dev = READ(sk_buff, skb, dev);
  const struct net *net = dev ? READ(net_device, dev, nd_net.net) : NULL;
  const struct sock *sk = receiver ? receiver : net ? NULL : READ(sk_buff, skb, sk);

  if (sk) {
    const struct net *own = READ(sock, sk, __sk_common.skc_net.net);

    if (own != net)
      dev = NULL;
    net = own;
  }
  cause->namespace = net ? READ(net, net, ns.inum) : 0;
  cause->interface = dev ? READ(net_device, dev, ifindex) : READ(sk_buff, skb, skb_iif);
}

static __always_inline __u8 transport_of(const unsigned char *network, __be16 protocol) {
  if (protocol == bpf_htons(ETH_P_IP))
    return READ(iphdr, network, protocol);
  if (protocol == bpf_htons(ETH_P_IPV6))
    return READ(ipv6hdr, network, nexthdr);
  return 0;
}

/* Structures without holes, compared and mixed as whole words. */
static __always_inline bool is_same(const struct cause *one, const struct cause *other) {
  const __u64 *a = (const __u64 *)one, *b = (const __u64 *)other;

  return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

static __always_inline struct seat *seat_of(struct seats *all, const struct cause *cause) {
  const __u64 *word = (const __u64 *)cause;

  return &all->seats[((word[0] ^ word[1] ^ word[2]) * 0x9e3779b97f4a7c15) >> 58];
}

static __always_inline void count_cause(const struct cause *cause) {
  __u32 zero = 0;
  __u64 *packets, one = 1;
  struct seats *all = bpf_map_lookup_elem(&seats, &zero);
  struct seat *seat;

  if (!all)
    return;
  seat = seat_of(all, cause);
  if (is_same(&seat->cause, cause)) {
    seat->packets += 1;
    return;
  }
  if (seat->packets == 0) {
    seat->cause = *cause;
    /* Whoever reads a count finds the cause it is for. */
    __asm__ volatile("" ::: "memory");
    seat->packets = 1;
    return;
  }
  packets = bpf_map_lookup_elem(&causes, cause);
  if (packets)
    *packets += 1;
  else if (bpf_map_update_elem(&causes, cause, &one, BPF_ANY) != 0)
    add_one(UNATTRIBUTED);
}

static __always_inline void take_sample(const struct cause *cause, __u32 length,
                                        const unsigned char *network, __u32 allowed) {
  __u32 zero = 0;
  struct pace *pace = bpf_map_lookup_elem(&paces, &zero);
  struct sample sample = {};

  if (!pace)
    return;
  sample.time = bpf_ktime_get_ns();
  if (pace->second != sample.time / 1000000000) {
    pace->second = sample.time / 1000000000;
    pace->sent = 0;
  }
  if (pace->sent >= allowed)
    goto lost;
  pace->sent += 1;
  sample.cause = *cause;
  sample.length = length;
  if (network && bpf_probe_read_kernel(sample.bytes, SAMPLE_BYTES, network) == 0)
    sample.captured = SAMPLE_BYTES;
  if (bpf_map_push_elem(&samples, &sample, 0) == 0)
    return;
lost:
  add_one(SAMPLES_LOST);
}

static __always_inline int count(const struct sk_buff *skb, __u64 location, __u32 reason,
                                 const struct sock *receiver) {
  __u32 zero = 0;
  const struct config *wanted = bpf_map_lookup_elem(&config, &zero);
  struct cause cause = {.location = location, .reason = reason};
  const unsigned char *network = NULL;
  __u16 offset;

  if (!wanted || reason <= LAST_NO_DROP)
    return 0;
  place(skb, receiver, &cause);
  if (wanted->namespace && wanted->namespace != cause.namespace)
    return 0;
  cause.protocol = READ(sk_buff, skb, protocol);
  offset = READ(sk_buff, skb, network_header);
  if (offset != NO_NETWORK_HEADER) {
    network = READ(sk_buff, skb, head) + offset;
    cause.transport = transport_of(network, cause.protocol);
  }
  count_cause(&cause);
  if (wanted->samples)
    take_sample(&cause, READ(sk_buff, skb, len), network, wanted->samples);
  return 0;
}

/* Arguments of the tracepoint skb:kfree_skb since 5.17: skb, location, reason; and since 6.11 the receiving socket. */
SEC("raw_tp/kfree_skb")
int count_drop(struct bpf_raw_tracepoint_args *ctx) {
  const struct sock *receiver = NULL;

  if (bpf_core_field_exists(struct trace_event_raw_kfree_skb, rx_sk))
    receiver = (const struct sock *)ctx->args[3];
  return count((const struct sk_buff *)ctx->args[0], ctx->args[1], (__u32)ctx->args[2], receiver);
}

#endif
