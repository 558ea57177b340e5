/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What is done with packets of either version of IP. Included once for each, with VERSION set to 4 or 6: of(flow) is
 * then flow4 or flow6. ipv4.h and ipv6.h have what differs.
 */
#define JOIN_(name, version) name##version
#define JOIN(name, version) JOIN_(name, version)
#define of(name) JOIN(name, VERSION)

/* Copies what is needed after this out of a place, if it is the flow's and nobody was writing meanwhile. */
static __always_inline bool of(read_place)(struct of(remembered) * place, const struct of(flow) * flow,
                                           struct of(remembered) * known) {
  __u32 before = begin_reading(&place->sequence);

  if (!of(is_of)(place, flow)) return false;
  known->until = place->until;
  known->flow.checked = place->flow.checked;
  known->out = place->out;
  known->tuple = place->tuple;
  of(copy_new)(known, place);
  return was_undisturbed(&place->sequence, before) && known->out.epoch == (control.epoch & EPOCH_BITS);
}

/* Whether the kernel's connection is still the one that was remembered, and still may pass without the kernel. */
static __always_inline bool of(still_holds)(const struct of(flow) * flow, const struct of(remembered) * known,
                                            __u32 now) {
  __u64 connection = known->tuple - tuple_at(0, known->out.direction);
  struct of(flow) translated = {};

  of(read_new)(known, &translated);
  return is_forwardable(connection, flow->protocol, now) &&
         READ(nf_conntrack_tuple_hash, known->tuple, tuple.dst.protonum) == flow->protocol &&
         of(is_tuple)(known->tuple, flow, false) &&
         of(is_tuple)(tuple_at(connection, !known->out.direction), &translated, true);
}

static __always_inline bool of(is_in_use)(const struct of(remembered) * place, __u32 now) {
  return is_taken(place->tuple, &place->out, place->until, now);
}

/* Finds what is remembered of a packet's connection, and whether it still serves. */
static __always_inline enum fate of(recall)(const struct of(flow) * flow, struct of(remembered) * known) {
  __u64 hash = of(hash)(flow);
  __u32 now = ticks();
  struct of(remembered) * place;
  struct of(set) * set;

  if (!is_covered(hash)) return NOT_COVERED;
  set = of(find_set)(hash);
  if (!set) return UNKNOWN;
  place = &set->place[0];
  if (!of(read_place)(place, flow, known)) {
    place = &set->place[1];
    if (!of(read_place)(place, flow, known))
      return of(is_in_use)(&set->place[0], now) && of(is_in_use)(place, now) ? CROWDED : UNKNOWN;
  }
  if (!is_fresh(known->until, now)) {
    /* The packets behind this one follow it, so that none overtakes it and the kernel's answer counts for all. */
    place->until = now;
    return ASK_AGAIN;
  }
  if (is_trusted(known->flow.checked, flow->protocol, now)) return FORWARDED;
  if (!of(still_holds)(flow, known, now)) return CHANGED;
  place->flow.checked = now;
  return FORWARDED;
}

static __always_inline struct share_key of(key_of)(const struct of(flow) * flow) {
  struct share_key key = {.ports = flow->ports, .protocol = flow->protocol, .version = VERSION};

  of(share_key)(&key, flow);
  return key;
}

static __always_inline void of(count)(const struct of(flow) * flow, const struct of(remembered) * known, __u64 bytes) {
  struct share_key key;

  if (!settings.counts_shares) return;
  key = of(key_of)(flow);
  count_share(&key, known->tuple, bytes);
}

/* A connection of TCP begins: what was counted of a former one with the same addresses and ports is not its own. */
static __always_inline void of(count_anew)(const struct of(flow) * flow, const void *transport, const void *end) {
  struct share_key key;

  if (!settings.counts_shares || transport + sizeof(struct tcphdr) > end || !is_syn(transport)) return;
  key = of(key_of)(flow);
  bpf_map_delete_elem(&shares, &key);
}

static __always_inline int of(xdp_forward)(struct ethhdr *eth, void *end, __u32 slot, struct account *account) {
  of(ip_header) *ip = (void *)(eth + 1);
  void *transport = ip + 1;
  struct of(flow) flow = {.slot = slot};
  struct of(remembered) known = {};
  enum fate fate = of(read_flow)(ip, end, &flow);
  __u32 change;
  int verdict;

  if (fate == CONNECTION_EDGE) of(count_anew)(&flow, transport, end);
  if (fate == FORWARDED && of(hops)(ip) <= 1) fate = SPECIAL_HEADER;
  if (fate == FORWARDED) fate = of(recall)(&flow, &known);
  if (fate == FORWARDED && end - (void *)ip > known.out.mtu) fate = TOO_BIG;
  if (fate != FORWARDED) return to_kernel(account, fate, slot, XDP_PASS);
  /* Before anything is written: by an interface without XDP the packet must go as it came, for the kernel to translate. */
  verdict = bpf_redirect_map(&xdp_devices, known.out.slot, XDP_PASS);
  if (verdict != XDP_REDIRECT) return to_kernel(account, UNKNOWN, slot, XDP_PASS);

  *(struct macs *)eth = known.out.macs;
  of(rewrite_ip)(ip, &known);
  change = (__u32)known.out.address_change + known.out.port_change;
  if (flow.protocol == IPPROTO_UDP) {
    if (transport + sizeof(struct udphdr) > end) return XDP_PASS;
    rewrite_udp(transport, known.new_ports, change);
  } else {
    if (transport + sizeof(struct tcphdr) > end) return XDP_PASS;
    rewrite_tcp(transport, known.new_ports, change);
  }
  account->packets[FORWARDED]++;
  account->bytes += end - (void *)eth;
  of(count)(&flow, &known, of(length)(ip));
  return verdict;
}

static __always_inline int of(tc_forward)(struct __sk_buff *skb, __u32 slot, struct account *account) {
  void *end = (void *)(long)skb->data_end;
  struct ethhdr *eth = (void *)(long)skb->data;
  of(ip_header) *ip = (void *)(eth + 1);
  void *transport = ip + 1;
  struct of(flow) flow = {.slot = slot};
  struct of(remembered) known = {};
  enum fate fate = of(read_flow)(ip, end, &flow);
  bool is_udp;

  if (fate == CONNECTION_EDGE) of(count_anew)(&flow, transport, end);
  if (fate == FORWARDED && of(hops)(ip) <= 1) fate = SPECIAL_HEADER;
  if (fate == FORWARDED) fate = of(recall)(&flow, &known);
  if (fate != FORWARDED) return to_kernel(account, fate, slot, TC_ACT_UNSPEC);
  is_udp = flow.protocol == IPPROTO_UDP;
  if (transport + (is_udp ? sizeof(struct udphdr) : sizeof(struct tcphdr)) > end) return TC_ACT_UNSPEC;
  if (leaving_length(skb, ip, transport, flow.protocol) > known.out.mtu)
    return to_kernel(account, TOO_BIG, slot, TC_ACT_UNSPEC);

  *(struct macs *)eth = known.out.macs;
  of(rewrite_ip)(ip, &known);
  *(__be32 *)transport = known.new_ports;
  account->packets[FORWARDED]++;
  account->bytes += skb->len;
  of(count)(&flow, &known, skb->gso_size == 0 ? of(length)(ip) : skb->len - ETH_HLEN);
  if (is_udp)
    tc_change_checksum(skb, ETH_HLEN + sizeof(*ip) + offsetof(struct udphdr, check), &known.out,
                       BPF_F_MARK_MANGLED_0);
  else
    tc_change_checksum(skb, ETH_HLEN + sizeof(*ip) + offsetof(struct tcphdr, check), &known.out, 0);
  return tc_redirect(known.out.slot);
}

/* Where to write: where it already is, else where nothing is that serves, else where what is there serves shortest. */
static __always_inline struct of(remembered) * of(choose_place)(struct of(set) * set, const struct of(flow) * flow,
                                                                __u32 now) {
  struct of(remembered) *first = &set->place[0];
  struct of(remembered) *second = &set->place[1];

  if (of(is_of)(first, flow)) return first;
  if (of(is_of)(second, flow)) return second;
  if (!of(is_in_use)(first, now)) return first;
  if (!of(is_in_use)(second, now)) return second;
  return (__s32)(first->until - second->until) <= 0 ? first : second;
}

static __always_inline bool of(write_place)(struct of(remembered) * place, const struct of(flow) * flow,
                                            const struct of(remembered) * known) {
  if (!begin_writing(&place->sequence)) return false;
  compiler_barrier();
  place->until = known->until;
  of(copy_flow)(place, flow);
  place->flow.checked = known->flow.checked;
  place->out = known->out;
  place->tuple = known->tuple;
  of(copy_new)(place, known);
  end_writing(&place->sequence);
  return true;
}

static __always_inline bool of(is_exempt)(const struct of(flow) * flow, const struct of(flow) * leaving,
                                          const struct passage *passage) {
  struct packet_kind kind = {
      .version = VERSION,
      .protocol = flow->protocol,
      .in_interface = passage->from,
      .out_interface = passage->to,
  };
  struct port_numbers before = numbers_of(flow->ports);
  struct port_numbers after = numbers_of(leaving->ports);

  for (__u32 at = 0; at < EXEMPTIONS && at < control.exemptions; at++) {
    __u32 key = at;
    const struct exemption *exemption = bpf_map_lookup_elem(&exemptions, &key);
    __u64 outside;

    if (!exemption) return false;
    outside = of_other_kind(exemption, &kind);
    one_by_one(outside);
    outside |= of(outside_of)(exemption, flow, leaving);
    one_by_one(outside);
    outside |= outside_either(exemption, before, after);
    if (outside == 0) return true;
  }
  return false;
}

/*
 * Remembers what the kernel has just done with a packet of a connection that leaves with this IP header. `out` has all
 * but what follows from the addresses.
 */
static __always_inline enum fate of(learn)(__u64 connection, const of(ip_header) * ip, const void *end,
                                           const struct passage *passage, __u32 now, const struct way_out *out) {
  struct of(remembered) known = {.out = *out, .tuple = tuple_at(connection, out->direction)};
  struct of(flow) flow = {.slot = device_slot(passage->from)};
  struct of(flow) leaving = {};
  enum fate fate = of(read_flow)(ip, end, &leaving);
  struct of(remembered) * place;
  struct of(set) * set;
  __u64 hash;

  if (fate != FORWARDED) return fate;
  if (!is_forwardable(connection, leaving.protocol, now) || zone_of(connection) != 0) return NOT_ELIGIBLE;
  of(read_tuple)(known.tuple, &flow);
  /* The answer's tuple turned round is what the packet must look like now; if not, somebody else has changed it, too. */
  if (flow.protocol != leaving.protocol ||
      !of(is_tuple)(tuple_at(connection, !out->direction), &leaving, true))
    return NOT_ELIGIBLE;
  if (of(is_exempt)(&flow, &leaving, passage)) return EXEMPT;
  hash = of(hash)(&flow);
  if (!is_covered(hash)) return NOT_COVERED;
  set = of(find_set)(hash);
  if (!set) return NOT_ELIGIBLE;
  place = of(choose_place)(set, &flow, now);
  if (of(is_of)(place, &flow) && !is_same_way(&place->out, out)) forget_after_move(now);
  known.out.epoch = control.epoch & EPOCH_BITS;
  known.until = now + lasting_ticks(connection, now);
  known.flow.checked = now;
  known.out.address_change = of(address_change)(&flow, &leaving);
  known.out.port_change = fold_sum(word_change(flow.ports, leaving.ports));
  of(take_new)(&known, &leaving);
  return of(write_place)(place, &flow, &known) ? LEARNED : NOT_ELIGIBLE;
}

#undef of
#undef JOIN
#undef JOIN_
