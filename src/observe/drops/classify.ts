import type { CauseId } from "./cause.ts";

/** `conntrack` stands for what only the counters of connection tracking can tell apart (split.ts). */
export type Verdict = CauseId | "conntrack";

type Pattern = readonly [reason: RegExp, verdict: Verdict];

/** By reason alone; the first that fits counts. Names as the kernel has them, without `SKB_DROP_REASON_`. */
const BY_REASON: readonly Pattern[] = [
  [/^(TCP|UDP|IP|ICMP|SKB)_CSUM$/, "checksum"],
  [/^IP_RPFILTER$/, "rp-filter"],
  [/^IP_(LOCAL_SOURCE|INVALID_SOURCE|LOCALNET|INVALID_DEST)$/, "martian"],
  [/^IP_(IN|OUT)NOROUTES$/, "no-route"],
  [/^IP_INADDRERRORS$/, "not-forwarding"],
  [/^NEIGH_/, "neighbour"],
  [/^NO_SOCKET$/, "no-socket"],
  [/^(SOCKET_RCVBUFF|SOCKET_BACKLOG|PROTO_MEM|TCP_LISTEN_OVERFLOW|TCP_OFO_QUEUE_PRUNE)$/, "socket-full"],
  // A queue thrown away with its socket: a program that ends without having read all the kernel told it.
  [/^(SOCKET_|UNIX_|PACKET_SOCK|QUEUE_PURGE)/, "socket"],
  [/^TCP_/, "tcp"],
  [/^PKT_TOO_BIG$/, "too-big"],
  [/FRAG/, "fragment"],
  [/^CPU_BACKLOG$/, "backlog"],
  [/^(QDISC_|FQ_|CAKE_|DUALPI2_)/, "queue"],
  [/^(XDP|TC_|BPF_)/, "program"],
  [/^(DEV_|FULL_RING|TAP_|NO_TX_TARGET|HDR_TRUNC)/, "device"],
  [/^(XFRM_|SECURITY_HOOK)/, "security"],
  [/^(OTHERHOST|UNICAST_IN_L2_MULTICAST|LOCAL_MAC)$/, "not-for-us"],
  [/^(NOMEM|SKB_UCOPY_FAULT|PFMEMALLOC)$/, "no-memory"],
  [/^(PKT_TOO_SMALL|IP_INHDR|IP_NOPROTO|UNHANDLED_PROTO|INVALID_PROTO|IPV6_BAD_EXTHDR)$/, "malformed"],
];

/** Where the reason says too little, the function does. */
const BY_FUNCTION: readonly Pattern[] = [
  // nft frees the packet itself; whatever else sits on a hook leaves that to nf_hook_slow.
  [/^nft_do_chain/, "rule"],
  [/^(nf_hook_slow|nf_hook_slow_list)/, "conntrack"],
  [/^(ip_error|ip6_pkt_(drop|discard|prohibit))/, "no-route"],
  [/^(ip_rt_bug|ip_route_input)/, "martian"],
  [/^(neigh_|__neigh_|arp_error_report)/, "neighbour"],
  [/^(ip_mc_|ip6_mc_|ipv6_mc_)/, "not-for-us"],
  [/^(ip_frag|ip6?_defrag|inet_frag|nf_ct_frag)/, "fragment"],
  [/^(enqueue_to_backlog|netif_rx)/, "backlog"],
  [/^(__dev_queue_xmit|pfifo_|fq_|htb_|tbf_|qdisc_)/, "queue"],
  [/^(veth_xdp_|virtnet_.*xdp|do_xdp_generic|netif_receive_generic_xdp|tcf_|cls_bpf)/, "program"],
  [/^(veth_xmit|dev_hard_start_xmit|tun_net_xmit)/, "device"],
];

/** From reason and function to the cause. Without the function (its name is hidden) netfilter's drops stay together. */
export function classify(reason: string, location: string | undefined): Verdict {
  // The kernel has no reason of its own for these: the function tells them from what shares the reason.
  if (reason === "IP_INHDR" && /^(ip_forward|ip6_forward)/.test(location ?? "")) return "ttl";
  if (reason !== "NETFILTER_DROP" && reason !== "NOT_SPECIFIED") {
    const found = BY_REASON.find(([pattern]) => pattern.test(reason));
    if (found !== undefined) return found[1];
  }
  const found = BY_FUNCTION.find(([pattern]) => pattern.test(location ?? ""));
  if (found !== undefined) return found[1];
  if (reason !== "NETFILTER_DROP") return "other";
  return location === undefined ? "conntrack" : "hook";
}

/** What a function that drops is there for, in plain words; undefined for those not known here. */
export function functionMeaning(name: string): string | undefined {
  const base = name.replace(/\..*$/, "");
  return MEANINGS.find(([pattern]) => pattern.test(base))?.[1];
}

const MEANINGS: readonly (readonly [name: RegExp, meaning: string])[] = [
  [/^nft_do_chain/, "a chain of nftables was evaluated"],
  [/^nf_hook_slow/, "a netfilter hook said drop: connection tracking, translation, or a module"],
  [/^ip_error$/, "routing found no way for a packet to be forwarded"],
  [/^ip_rcv_core$/, "an IP packet came in and its header was checked"],
  [/^ip_rcv_finish_core$/, "the route of a packet that came in was looked up"],
  [/^ip_forward$/, "a packet was being forwarded"],
  [/^(ip_local_deliver|ip_protocol_deliver)/, "a packet was handed to a program of this machine"],
  [/^(__udp4_lib_rcv|__udp6_lib_rcv|udp_unicast_rcv_skb)/, "a UDP packet looked for its socket"],
  [/^udp.*queue_rcv/, "a UDP packet was put into a socket's buffer"],
  [/^(tcp_v[46]_rcv|tcp_v[46]_do_rcv)/, "a TCP packet looked for its socket"],
  [/^tcp_/, "a TCP connection of this machine was at work"],
  [/^(icmp_|ping_|icmpv6_)/, "an ICMP message was handled"],
  [/^(__neigh_event_send|neigh_)/, "the next hop's hardware address was looked up"],
  [/^(ip_finish_output|ip_output|ip_mc_output|__ip_finish_output)/, "a packet was about to leave"],
  [/^(ip_fragment|ip_do_fragment)/, "a packet had to be cut into fragments"],
  [/^(ip_mc_input|ip6_mc_input|ip6_mc_find|ip_mr_)/, "a multicast packet came for a group nobody here is in"],
  [/^(__netif_receive_skb_core|__netif_receive_skb)/, "a frame came in that no protocol wanted"],
  [/^(enqueue_to_backlog|netif_rx)/, "a frame was put into a CPU's queue"],
  [/^(__dev_queue_xmit|__dev_xmit_skb|.*_enqueue)/, "a packet was put into an interface's queue"],
  [/^(veth_xmit|dev_hard_start_xmit|validate_xmit)/, "a packet was given to the driver"],
  [/^(veth_xdp_|do_xdp_generic|netif_receive_generic_xdp)/, "an XDP program looked at a packet"],
  [/^unix_/, "programs of this machine talked to each other"],
  [/^netlink_/, "a message between kernel and program"],
  [/^packet_rcv|^tpacket_rcv/, "a capturing program (tcpdump) was too slow"],
  [/^(arp_|ndisc_)/, "an ARP or neighbour discovery packet was handled"],
];
