/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Fills a NAT gateway with connections. `generate` makes the subscribers' packets, `respond` answers them beyond the
 * gateway, `collect` counts the answers on the subscribers' side and completes TCP handshakes. All three pass on
 * whatever is not theirs.
 */
#include <stdbool.h>
#include <stddef.h>
#include "connection.h"
#include "counters.h"
#include "frame.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct config {
  struct plan plan;
  __u32 interface; /* the inside end, where `generate` sends */
  __u8 protocol;
  __u8 record; /* keep each subscriber's public address and ports */
  __u8 own_mac[ETH_ALEN];
  __u8 gateway_mac[ETH_ALEN];
};

/* Which connections the next frames are for. */
struct round {
  __u64 next;
  /* Leave out what is already complete: answered for UDP, acknowledged outside for TCP. */
  __u64 only_incomplete;
};

/* One bit for each of 64 connections, and for each thing that may happen to it. */
struct marks {
  __u64 delivered;
  __u64 answered;
  __u64 acknowledged;
};

/* Lowest and highest public port of one subscriber, in one word so that it changes at once. 0: none seen. */
struct mapping {
  __u32 address;
  __u16 low;
  __u16 high;
};

struct public_address {
  __u64 connections;
  __u64 ports; /* low << 16 | high */
};

/* Indices of `counters`. */
enum counter { FRAMES, DELIVERED, ANSWERED, ACKNOWLEDGED, STRAYS, MOVED, UNCOUNTED };

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct config);
} config SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct round);
} rounds SEC(".maps");

/* The three arrays get their size when the object is loaded. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32); /* address, host order */
} subscribers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct marks);
} marks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64); /* struct mapping */
} mappings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 65536);
  __type(key, __u32); /* address, host order */
  __type(value, struct public_address);
} public_addresses SEC(".maps");

static __always_inline struct config *read_config(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&config, &zero);
}

/* Sets the connection's bit and says whether it was clear. */
#define mark_once(word, index) ((__sync_fetch_and_or(word, 1ULL << ((index) & 63)) >> ((index) & 63) & 1) == 0)

static __always_inline struct marks *find_marks(__u32 index) {
  __u32 key = index >> 6;
  return bpf_map_lookup_elem(&marks, &key);
}

/* Widens low << 16 | high to hold the port. Another processor may do the same meanwhile: then once more. */
static __always_inline void widen_ports(__u64 *ports, __u16 port) {
  for (int attempt = 0; attempt < 16; attempt++) {
    __u64 before = *(volatile __u64 *)ports;
    __u32 low = before >> 16 & 0xffff;
    __u32 high = before & 0xffff;
    if (port >= low && port <= high) return;
    if (port < low) low = port;
    if (port > high) high = port;
    if (__sync_val_compare_and_swap(ports, before, (__u64)low << 16 | high) == before) return;
  }
}

static __always_inline void count_public_address(__u32 address, __u16 port, bool first) {
  struct public_address *found = bpf_map_lookup_elem(&public_addresses, &address);

  if (!found) {
    struct public_address fresh = {.connections = 0, .ports = (__u64)port << 16 | port};
    /* Another processor may have added it in between; both then count on what is there. */
    bpf_map_update_elem(&public_addresses, &address, &fresh, BPF_NOEXIST);
    found = bpf_map_lookup_elem(&public_addresses, &address);
    if (!found) {
      add_one(UNCOUNTED);
      return;
    }
  }
  if (first) __sync_fetch_and_add(&found->connections, 1);
  widen_ports(&found->ports, port);
}

static __always_inline __u64 pack_mapping(__u32 address, __u32 low, __u32 high) {
  return (__u64)address << 32 | low << 16 | high;
}

static __always_inline void record_mapping(__u32 subscriber, __u32 address, __u16 port) {
  __u64 *mapping = bpf_map_lookup_elem(&mappings, &subscriber);
  if (!mapping) return;

  for (int attempt = 0; attempt < 16; attempt++) {
    __u64 before = *(volatile __u64 *)mapping;
    __u32 low = before >> 16 & 0xffff;
    __u32 high = before & 0xffff;
    if (before == 0) {
      low = high = port;
    } else {
      if (before >> 32 != address) {
        add_one(MOVED);
        return;
      }
      if (port >= low && port <= high) return;
      if (port < low) low = port;
      if (port > high) high = port;
    }
    if (__sync_val_compare_and_swap(mapping, before, pack_mapping(address, low, high)) == before) return;
  }
}

/* The source address of the connection in host order, 0 if there is no such subscriber. */
static __always_inline __u32 subscriber_address(const struct plan *plan, __u32 index) {
  __u32 subscriber = index % plan->subscribers;
  __u32 *address = bpf_map_lookup_elem(&subscribers, &subscriber);
  return address ? *address : 0;
}

SEC("xdp")
int generate(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  void *end = (void *)(long)ctx->data_end;
  __u32 zero = 0;
  struct config *settings = read_config();
  struct round *round = bpf_map_lookup_elem(&rounds, &zero);
  struct connection connection;
  struct marks *seen;
  __u64 next;
  __u32 index;

  if (!settings || !round || data + FRAME_LENGTH > end || settings->plan.subscribers == 0) return XDP_ABORTED;
  next = __sync_fetch_and_add(&round->next, 1);
  if (next >= settings->plan.connections) return XDP_DROP;
  index = next;
  if (round->only_incomplete) {
    seen = find_marks(index);
    if (!seen) return XDP_ABORTED;
    if ((settings->protocol == IPPROTO_TCP ? seen->acknowledged : seen->answered) >> (index & 63) & 1) return XDP_DROP;
  }
  make_connection(&settings->plan, index, &connection);
  connection.source = subscriber_address(&settings->plan, index);

  /* A page that comes back still holds what the gateway made of it: every byte is written every time. */
  write_eth(data, settings->gateway_mac, settings->own_mac);
  if (settings->protocol == IPPROTO_UDP) {
    struct udp_frame *frame = data;
    write_ip(&frame->ip, IPPROTO_UDP, UDP_TOTAL_LENGTH, bpf_htonl(connection.source),
             bpf_htonl(connection.destination));
    write_udp(frame, bpf_htons(connection.source_port), bpf_htons(connection.destination_port), bpf_htonl(index));
  } else {
    struct tcp_frame *frame = data;
    write_ip(&frame->ip, IPPROTO_TCP, TCP_TOTAL_LENGTH, bpf_htonl(connection.source),
             bpf_htonl(connection.destination));
    write_tcp(frame, bpf_htons(connection.source_port), bpf_htons(connection.destination_port), TCP_FLAGS_SYN,
              client_sequence(&settings->plan, index), 0);
    __builtin_memset(frame + 1, 0, FRAME_LENGTH - sizeof(*frame));
  }
  add_one(FRAMES);
  return bpf_redirect(settings->interface, 0);
}

/*
 * Sends the frame back out of the interface it came in by. Not XDP_TX: veth wakes its peer after that only if the peer
 * has an XDP program itself, after a redirect also if it has GRO (drivers/net/veth.c, veth_xdp_flush, kernel 6.18).
 */
static __always_inline int send_back(const struct xdp_md *ctx) {
  return bpf_redirect(ctx->ingress_ifindex, 0);
}

/*
 * The frame, if it is an IPv4 packet of the generator's protocol, whole, without options and as long as its frames are;
 * else NULL. A UDP frame is the longer one, and both begin alike.
 */
static __always_inline struct tcp_frame *read_frame(const struct xdp_md *ctx, const struct config *settings) {
  struct tcp_frame *frame = (void *)(long)ctx->data;
  const void *end = (const void *)(long)ctx->data_end;

  if (!settings || (void *)(frame + 1) > end || settings->plan.subscribers == 0 ||
      frame->eth.h_proto != bpf_htons(ETH_P_IP) || frame->ip.version != 4 || frame->ip.ihl != 5 ||
      frame->ip.protocol != settings->protocol || (frame->ip.frag_off & bpf_htons(IP_FRAGMENT)) != 0)
    return NULL;
  if (settings->protocol != IPPROTO_TCP && (void *)frame + sizeof(struct udp_frame) > end) return NULL;
  return frame;
}

static __always_inline bool is_destination(const struct plan *plan, __be32 address) {
  return bpf_ntohl(address) - plan->first_destination < plan->destinations;
}

/* Counts a packet that came through the gateway from a subscriber. */
static __always_inline void count_delivered(const struct config *settings, struct marks *seen, __u32 index,
                                            __be32 source, __be16 port) {
  bool first = mark_once(&seen->delivered, index);

  if (first) add_one(DELIVERED);
  count_public_address(bpf_ntohl(source), bpf_ntohs(port), first);
  if (settings->record) record_mapping(index % settings->plan.subscribers, bpf_ntohl(source), bpf_ntohs(port));
}

/* Source translation leaves the destination alone, so it must still be the one the number stands for. */
static __always_inline bool goes_to(const struct plan *plan, __u32 index, __be32 address, __be16 port) {
  struct connection expected;

  if (index >= plan->connections) return false;
  make_connection(plan, index, &expected);
  return bpf_ntohl(address) == expected.destination && bpf_ntohs(port) == expected.destination_port;
}

static __always_inline int respond_udp(const struct xdp_md *ctx, const struct config *settings, struct udp_frame *frame) {
  __u32 index = bpf_ntohl(frame->payload.index);
  __be16 port = frame->udp.source;
  struct marks *seen;

  if (frame->udp.len != bpf_htons(UDP_LENGTH) || frame->payload.magic != bpf_htonl(PAYLOAD_MAGIC) ||
      !goes_to(&settings->plan, index, frame->ip.daddr, frame->udp.dest))
    return XDP_PASS;
  seen = find_marks(index);
  if (!seen) return XDP_PASS;
  count_delivered(settings, seen, index, frame->ip.saddr, port);
  turn_round(&frame->eth, &frame->ip);
  frame->udp.source = frame->udp.dest;
  frame->udp.dest = port;
  return send_back(ctx);
}

static __always_inline int respond_tcp(const struct xdp_md *ctx, const struct config *settings, struct tcp_frame *frame) {
  __u32 seq = bpf_ntohl(frame->tcp.seq);
  __u8 flags = frame->tcp.flags;
  __be16 port = frame->tcp.source;
  /* The SYN itself counts as one in sequence space. */
  __u32 index = seq - settings->plan.key[2] - (flags == TCP_FLAGS_ACK ? 1 : 0);
  struct marks *seen;

  if (frame->ip.tot_len != bpf_htons(TCP_TOTAL_LENGTH) || frame->tcp.offset != 5 << 4 ||
      (flags != TCP_FLAGS_SYN && flags != TCP_FLAGS_ACK) ||
      !goes_to(&settings->plan, index, frame->ip.daddr, frame->tcp.dest))
    return XDP_PASS;
  seen = find_marks(index);
  if (!seen) return XDP_PASS;
  if (flags == TCP_FLAGS_ACK) {
    if (bpf_ntohl(frame->tcp.ack_seq) != server_sequence(&settings->plan, index) + 1) return XDP_PASS;
    if (mark_once(&seen->acknowledged, index)) add_one(ACKNOWLEDGED);
    return XDP_DROP;
  }
  count_delivered(settings, seen, index, frame->ip.saddr, port);
  turn_round(&frame->eth, &frame->ip);
  write_tcp(frame, frame->tcp.dest, port, TCP_FLAGS_SYN_ACK, server_sequence(&settings->plan, index), seq + 1);
  return send_back(ctx);
}

SEC("xdp")
int respond(struct xdp_md *ctx) {
  struct config *settings = read_config();
  struct tcp_frame *frame = read_frame(ctx, settings);

  if (!frame || !is_destination(&settings->plan, frame->ip.daddr)) return XDP_PASS;
  if (settings->protocol == IPPROTO_TCP) return respond_tcp(ctx, settings, frame);
  return respond_udp(ctx, settings, (struct udp_frame *)frame);
}

/* Says whether the answer goes to the very socket that asked; if not, the gateway translated it wrongly. */
static __always_inline bool answers(const struct plan *plan, __u32 index, const struct iphdr *ip, __be16 source_port,
                                    __be16 destination_port) {
  struct connection asked;

  if (index >= plan->connections) return false;
  make_connection(plan, index, &asked);
  return bpf_ntohl(ip->saddr) == asked.destination && bpf_ntohs(source_port) == asked.destination_port &&
         bpf_ntohl(ip->daddr) == subscriber_address(plan, index) && bpf_ntohs(destination_port) == asked.source_port;
}

static __always_inline int collect_udp(const struct config *settings, struct udp_frame *frame) {
  __u32 index = bpf_ntohl(frame->payload.index);
  struct marks *seen;

  if (frame->udp.len != bpf_htons(UDP_LENGTH) || frame->payload.magic != bpf_htonl(PAYLOAD_MAGIC)) return XDP_PASS;
  seen = find_marks(index);
  if (!seen || !answers(&settings->plan, index, &frame->ip, frame->udp.source, frame->udp.dest)) {
    add_one(STRAYS);
    return XDP_PASS;
  }
  if (mark_once(&seen->answered, index)) add_one(ANSWERED);
  return XDP_DROP;
}

static __always_inline int collect_tcp(const struct xdp_md *ctx, const struct config *settings, struct tcp_frame *frame) {
  __u32 seq = bpf_ntohl(frame->tcp.seq);
  __u32 ack = bpf_ntohl(frame->tcp.ack_seq);
  __u32 index = ack - 1 - settings->plan.key[2];
  __be16 port = frame->tcp.source;
  struct marks *seen;

  if (frame->tcp.flags != TCP_FLAGS_SYN_ACK || frame->tcp.offset != 5 << 4 ||
      frame->ip.tot_len != bpf_htons(TCP_TOTAL_LENGTH) ||
      index >= settings->plan.connections || seq != server_sequence(&settings->plan, index))
    return XDP_PASS;
  seen = find_marks(index);
  if (!seen || !answers(&settings->plan, index, &frame->ip, port, frame->tcp.dest)) {
    add_one(STRAYS);
    return XDP_PASS;
  }
  if (mark_once(&seen->answered, index)) add_one(ANSWERED);
  turn_round(&frame->eth, &frame->ip);
  write_tcp(frame, frame->tcp.dest, port, TCP_FLAGS_ACK, ack, seq + 1);
  return send_back(ctx);
}

SEC("xdp")
int collect(struct xdp_md *ctx) {
  struct config *settings = read_config();
  struct tcp_frame *frame = read_frame(ctx, settings);

  if (!frame || !is_destination(&settings->plan, frame->ip.saddr)) return XDP_PASS;
  if (settings->protocol == IPPROTO_TCP) return collect_tcp(ctx, settings, frame);
  return collect_udp(settings, (struct udp_frame *)frame);
}
