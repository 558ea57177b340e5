/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Measures forwarding: `play` sends the packets of connections that exist, in an order laid out beforehand, `count`
 * takes them in beyond the gateway, `cross` is the least that a gateway can do. All must cost next to nothing: where
 * they run on the gateway's own CPU, their time is part of the result, the same for whatever is measured.
 */
#include <stddef.h>
#include "frame.h"

char _license[] SEC("license") = "Dual MIT/GPL";

/* What differs between the frames of a score, as it lies in the frame from the IP checksum on. */
struct header {
  __sum16 ip_check;
  __be16 addresses[4];
  __be16 ports[2];
  __sum16 udp_check; /* in the frame behind the UDP length */
} __attribute__((aligned(8)));

_Static_assert(sizeof(struct header) == 16, "two words of 64 bits");
_Static_assert(offsetof(struct udp_frame, ip.check) == 24, "on a word of the frame");
_Static_assert(offsetof(struct udp_frame, udp.len) == 38, "in the place of the last field of a header");

struct config {
  __u64 frame[3]; /* how every frame begins, up to the IP checksum */
  __u32 play_to;  /* interface index where `play` sends */
  __u32 cross_to; /* where `cross` sends */
  __u32 length;   /* of the score */
  __be32 inside;  /* the subscribers' network and its mask */
  __be32 inside_mask;
  __u32 padding;
};

/* How far `play` is. One thread plays at a time. */
struct place {
  __u32 next;
  __u32 padding;
  __u64 sent;
};

/* What has arrived, by processor: from the subscribers' own addresses, and from others. */
struct arrived {
  __u64 untranslated;
  __u64 translated;
};

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
  __type(value, struct place);
} places SEC(".maps");

/* The headers in the order in which they are sent: read from first to last, so that the next is in the cache already. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct header);
} score SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct arrived);
} arrivals SEC(".maps");

SEC("xdp")
int play(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  void *end = (void *)(long)ctx->data_end;
  __u32 zero = 0;
  const struct config *settings = bpf_map_lookup_elem(&config, &zero);
  struct place *place = bpf_map_lookup_elem(&places, &zero);
  __u64 *words = data;
  const __u64 *header;
  __u32 next;

  if (!settings || !place || data + FRAME_LENGTH > end) return XDP_ABORTED;
  next = place->next;
  header = bpf_map_lookup_elem(&score, &next);
  if (!header) return XDP_ABORTED;
  place->next = next + 1 == settings->length ? 0 : next + 1;
  place->sent++;

  /* A page that comes back still holds what the gateway made of it: all that a gateway changes is written anew. */
  words[0] = settings->frame[0];
  words[1] = settings->frame[1];
  words[2] = settings->frame[2];
  words[3] = header[0];
  words[4] = header[1];
  ((__be16 *)data)[19] = bpf_htons(UDP_LENGTH);
  ((__be16 *)data)[20] = ((const struct header *)header)->udp_check;
  return bpf_redirect(settings->play_to, 0);
}

SEC("xdp")
int count(struct xdp_md *ctx) {
  const struct udp_frame *frame = (void *)(long)ctx->data;
  const void *end = (const void *)(long)ctx->data_end;
  __u32 zero = 0;
  const struct config *settings = bpf_map_lookup_elem(&config, &zero);
  struct arrived *arrived = bpf_map_lookup_elem(&arrivals, &zero);

  /* Whatever else comes, ARP above all, the kernel needs. */
  if (!settings || !arrived || (const void *)(frame + 1) > end || frame->eth.h_proto != bpf_htons(ETH_P_IP) ||
      frame->ip.protocol != IPPROTO_UDP || frame->payload.magic != bpf_htonl(PAYLOAD_MAGIC))
    return XDP_PASS;
  if ((frame->ip.saddr & settings->inside_mask) == settings->inside)
    arrived->untranslated++;
  else
    arrived->translated++;
  return XDP_DROP;
}

SEC("xdp")
int cross(struct xdp_md *ctx) {
  __u32 zero = 0;
  const struct config *settings = bpf_map_lookup_elem(&config, &zero);

  (void)ctx;
  return settings ? bpf_redirect(settings->cross_to, 0) : XDP_ABORTED;
}
