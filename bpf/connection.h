/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Which connection has which number. Twin of src/lab/generator/connection.ts: change both or neither. */
#ifndef MEGANAT_CONNECTION_H
#define MEGANAT_CONNECTION_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* The port ranges RFC 4814 section 4.5 recommends for test traffic. */
#define FIRST_SOURCE_PORT 1024
#define SOURCE_PORTS 64512
#define FIRST_DESTINATION_PORT 1
#define DESTINATION_PORTS 49151

struct plan {
  __u32 subscribers;
  __u32 connections;
  __u32 first_destination; /* host order */
  __u32 destinations;      /* a power of two */
  __u32 key[4];
};

/* What the packet from the subscriber carries before translation; host order. */
struct connection {
  __u32 source;
  __u32 destination;
  __u16 source_port;
  __u16 destination_port;
};

/* The finalizer of MurmurHash3: every input bit reaches every output bit. */
static __always_inline __u32 mix(__u32 x) {
  x ^= x >> 16;
  x *= 0x85ebca6b;
  x ^= x >> 13;
  x *= 0xc2b2ae35;
  x ^= x >> 16;
  return x;
}

static __always_inline __u32 round_key(const struct plan *plan, __u32 subscriber, __u32 round) {
  return mix(mix(subscriber ^ plan->key[0]) + plan->key[1] + round * 0x9e3779b9);
}

/* Adds to the destination half a number made from the source port half. */
static __always_inline __u64 turn_destination(__u64 destination, __u32 source, __u32 key, __u64 modulus) {
  __u32 high = mix(source ^ key);
  __u32 low = mix(high ^ source ^ 0x9e3779b9);
  return (destination + ((__u64)(high & 0xfffff) << 32) + low) % modulus;
}

/* Adds to the source port half a number made from the destination half. */
static __always_inline __u32 turn_source(__u32 source, __u64 destination, __u32 key) {
  __u32 added = mix(mix((__u32)destination ^ key) ^ (__u32)(destination >> 32));
  return (__u32)(((__u64)source + added) % SOURCE_PORTS);
}

/*
 * Connection `index` belongs to subscriber index mod S and is his connection j = index div S. The pair (j mod A, j div A)
 * goes through a Feistel network over Z_A x Z_B, where A counts source ports and B destination address-port pairs: each
 * round adds to one half a function of the other half, so each round can be undone, and no two j give the same pair.
 * Two subscribers differ in the source address. Hence no two connections coincide while j < A * B.
 * The source address is left to the caller, who has the list of subscribers.
 */
static __always_inline void make_connection(const struct plan *plan, __u32 index, struct connection *connection) {
  __u32 subscriber = index % plan->subscribers;
  __u32 number = index / plan->subscribers;
  __u64 modulus = (__u64)plan->destinations * DESTINATION_PORTS;
  __u32 source = number % SOURCE_PORTS;
  __u64 destination = number / SOURCE_PORTS;

  destination = turn_destination(destination, source, round_key(plan, subscriber, 0), modulus);
  source = turn_source(source, destination, round_key(plan, subscriber, 1));
  destination = turn_destination(destination, source, round_key(plan, subscriber, 2), modulus);
  source = turn_source(source, destination, round_key(plan, subscriber, 3));

  connection->source_port = FIRST_SOURCE_PORT + source;
  connection->destination = plan->first_destination + (__u32)(destination % plan->destinations);
  connection->destination_port = FIRST_DESTINATION_PORT + (__u32)(destination / plan->destinations);
}

/* A TCP sequence number that carries the connection's number through the translation. */
static __always_inline __u32 client_sequence(const struct plan *plan, __u32 index) {
  return index + plan->key[2];
}

static __always_inline __u32 server_sequence(const struct plan *plan, __u32 index) {
  return mix(index ^ plan->key[3]);
}

#endif
