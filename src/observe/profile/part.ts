/** A part of the kernel's work on NAT. */
export interface NatPart {
  readonly id: string;
  readonly title: string;
  readonly functions: RegExp;
}

/**
 * What NAT spends its time on, by the functions that do it (net/netfilter/). A sample belongs to the innermost of its
 * functions that is here.
 */
export const NAT_PARTS: readonly NatPart[] = [
  {
    id: "port-search",
    title: "search for a free port",
    functions:
      /^(get_unique_tuple|nf_nat_l4proto_unique_tuple|nf_nat_used_tuple|nf_nat_used_tuple_new|nf_nat_used_tuple_harder|find_appropriate_src|find_best_ips_proto|nf_conntrack_tuple_taken)/,
  },
  {
    id: "nat-setup",
    title: "set up a translation",
    functions:
      /^(nf_nat_setup_info|nf_nat_inet_fn|nf_nat_alloc_null_binding|__nf_nat_alloc_null_binding|nf_nat_masquerade|nft_nat_eval|nft_masq)/,
  },
  {
    id: "rewrite",
    title: "rewrite addresses and ports",
    functions:
      /^(nf_nat_packet|nf_nat_manip_pkt|nf_nat_ipv4_manip|nf_nat_ipv6_manip|l4proto_manip|nf_nat_ipv4|nf_nat_ipv6|nf_csum_update|inet_proto_csum_replace)/,
  },
  {
    id: "lookup",
    title: "look a connection up",
    functions: /^(__nf_conntrack_find|____nf_conntrack_find|nf_conntrack_find|hash_conntrack|resolve_normal_ct)/,
  },
  {
    id: "new",
    title: "make a new connection",
    functions: /^(init_conntrack|__nf_conntrack_alloc|nf_conntrack_alloc|nf_ct_ext_add|nf_conntrack_alter_reply)/,
  },
  {
    id: "confirm",
    title: "enter it in the table",
    functions:
      /^(__nf_conntrack_confirm|nf_confirm|__nf_conntrack_insert_prepare|__nf_conntrack_hash_insert|nf_conntrack_double_lock|nf_ct_add_to|nf_conntrack_confirm)/,
  },
  {
    id: "gc",
    title: "sweep and remove connections",
    functions:
      /^(gc_worker|early_drop|nf_ct_gc_expired|nf_ct_delete|nf_ct_destroy|nf_conntrack_destroy|nf_conntrack_free|nf_ct_kill_acct|nf_nat_cleanup_conntrack|clean_from_lists|destroy_conntrack|nf_ct_iterate)/,
  },
  {
    id: "protocol",
    title: "track the protocol's state",
    functions:
      /^(nf_conntrack_tcp_packet|nf_conntrack_udp_packet|nf_conntrack_icmp|nf_conntrack_handle|tcp_in_window|__nf_ct_refresh_acct|nf_conntrack_in|ipv4_conntrack|nf_conntrack_)/,
  },
  {
    id: "rules",
    title: "evaluate rules (nft, iptables)",
    functions: /^(nft_do_chain|nft_|ipt_do_table|ip6t_do_table|nf_nat_ipv4_fn|iptable_|xt_)/,
  },
  {
    id: "fragments",
    title: "put fragments together",
    functions: /^(nf_defrag|ipv4_conntrack_defrag|ip_defrag|nf_ct_frag6)/,
  },
  { id: "hooks", title: "walk the hooks", functions: /^(nf_hook_slow|nf_hook)/ },
];

/** The part a stack belongs to, or undefined if it has nothing to do with NAT. Frames from the outermost on. */
export function partOf(frames: readonly string[]): NatPart | undefined {
  for (let i = frames.length - 1; i >= 0; i--) {
    const found = partOfFunction(frames[i] ?? "");
    if (found !== undefined) return found;
  }
  return undefined;
}

const known = new Map<string, NatPart | undefined>();

function partOfFunction(name: string): NatPart | undefined {
  if (!known.has(name))
    known.set(
      name,
      NAT_PARTS.find(({ functions }) => functions.test(name)),
    );
  return known.get(name);
}
