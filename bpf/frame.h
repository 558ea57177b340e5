/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The generator's frames. Twin of src/lab/generator/frame.ts. */
#ifndef MEGANAT_FRAME_H
#define MEGANAT_FRAME_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The shortest frame Ethernet allows. Behind the gateway's IP layer, which cuts off padding, TCP frames are shorter. */
#define FRAME_LENGTH 60
/* "MNAT": a UDP payload of ours starts with it, the connection's number follows. */
#define PAYLOAD_MAGIC 0x4d4e4154
#define TCP_WINDOW 64240
#define IP_DF 0x4000
#define IP_FRAGMENT 0x3fff

#define TCP_FLAGS_SYN 0x02
#define TCP_FLAGS_ACK 0x10
#define TCP_FLAGS_SYN_ACK 0x12

struct payload {
  __be32 magic;
  __be32 index;
  __u8 padding[10];
} __attribute__((packed, aligned(2)));

struct udp_frame {
  struct ethhdr eth;
  struct iphdr ip;
  struct udphdr udp;
  struct payload payload;
} __attribute__((packed, aligned(2)));

/* struct tcphdr with the flags as one byte. */
struct tcp_header {
  __be16 source;
  __be16 dest;
  __be32 seq;
  __be32 ack_seq;
  __u8 offset;
  __u8 flags;
  __be16 window;
  __sum16 check;
  __be16 urgent;
} __attribute__((packed, aligned(2)));

struct tcp_frame {
  struct ethhdr eth;
  struct iphdr ip;
  struct tcp_header tcp;
} __attribute__((packed, aligned(2)));

_Static_assert(sizeof(struct udp_frame) == FRAME_LENGTH, "a UDP frame has 60 bytes");
_Static_assert(sizeof(struct tcp_frame) == FRAME_LENGTH - 6, "a TCP frame has 54 bytes and 6 of padding");

#define UDP_LENGTH (sizeof(struct udphdr) + sizeof(struct payload))
#define UDP_TOTAL_LENGTH (sizeof(struct iphdr) + UDP_LENGTH)
#define TCP_TOTAL_LENGTH (sizeof(struct iphdr) + sizeof(struct tcp_header))

/* One's complement sums do not care for byte order: words are added as they lie in memory (RFC 1071). */
static __always_inline __u32 add_word32(__u32 sum, __be32 word) {
  return sum + (word & 0xffff) + (word >> 16);
}

static __always_inline __sum16 fold(__u32 sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (__sum16)~sum;
}

static __always_inline void write_eth(struct ethhdr *eth, const __u8 *destination, const __u8 *source) {
  __builtin_memcpy(eth->h_dest, destination, ETH_ALEN);
  __builtin_memcpy(eth->h_source, source, ETH_ALEN);
  eth->h_proto = bpf_htons(ETH_P_IP);
}

static __always_inline void write_ip(struct iphdr *ip, __u8 protocol, __u16 length, __be32 source, __be32 destination) {
  __u32 sum = bpf_htons(0x4500) + bpf_htons(length) + bpf_htons(IP_DF) + bpf_htons(64 << 8 | protocol);

  ip->version = 4;
  ip->ihl = 5;
  ip->tos = 0;
  ip->tot_len = bpf_htons(length);
  ip->id = 0;
  ip->frag_off = bpf_htons(IP_DF);
  ip->ttl = 64;
  ip->protocol = protocol;
  ip->saddr = source;
  ip->daddr = destination;
  ip->check = fold(add_word32(add_word32(sum, source), destination));
}

static __always_inline void write_udp(struct udp_frame *frame, __be16 source, __be16 destination, __be32 index) {
  /* The length counts twice: in the pseudo-header and in the header. */
  __u32 sum = bpf_htons(IPPROTO_UDP) + 2 * bpf_htons(UDP_LENGTH) + source + destination;
  __sum16 check;

  sum = add_word32(add_word32(sum, frame->ip.saddr), frame->ip.daddr);
  check = fold(add_word32(add_word32(sum, bpf_htonl(PAYLOAD_MAGIC)), index));
  frame->udp.source = source;
  frame->udp.dest = destination;
  frame->udp.len = bpf_htons(UDP_LENGTH);
  frame->udp.check = check == 0 ? 0xffff : check;
  frame->payload.magic = bpf_htonl(PAYLOAD_MAGIC);
  frame->payload.index = index;
  __builtin_memset(frame->payload.padding, 0, sizeof(frame->payload.padding));
}

static __always_inline void write_tcp(struct tcp_frame *frame, __be16 source, __be16 destination, __u8 flags, __u32 seq,
                                      __u32 ack) {
  __be32 seq_be = bpf_htonl(seq);
  __be32 ack_be = bpf_htonl(ack);
  __u32 sum = bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(struct tcp_header)) + source + destination +
              bpf_htons(0x5000 | flags) + bpf_htons(TCP_WINDOW);

  sum = add_word32(add_word32(sum, frame->ip.saddr), frame->ip.daddr);
  sum = add_word32(add_word32(sum, seq_be), ack_be);
  frame->tcp.source = source;
  frame->tcp.dest = destination;
  frame->tcp.seq = seq_be;
  frame->tcp.ack_seq = ack_be;
  frame->tcp.offset = 5 << 4;
  frame->tcp.flags = flags;
  frame->tcp.window = bpf_htons(TCP_WINDOW);
  frame->tcp.check = fold(sum);
  frame->tcp.urgent = 0;
}

/* Sends the frame back where it came from. Swapping addresses and ports changes no checksum. */
static __always_inline void turn_round(struct ethhdr *eth, struct iphdr *ip) {
  __u8 mac[ETH_ALEN];
  __be32 address = ip->saddr;

  __builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
  __builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
  __builtin_memcpy(eth->h_source, mac, ETH_ALEN);
  ip->saddr = ip->daddr;
  ip->daddr = address;
}

#endif
