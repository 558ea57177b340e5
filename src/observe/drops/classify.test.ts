import assert from "node:assert/strict";
import { test } from "node:test";
import { classify, functionMeaning, type Verdict } from "./classify.ts";

/** All but the last few as a kernel 6.18 told them when the fault was injected. */
const cases: readonly (readonly [reason: string, location: string | undefined, verdict: Verdict])[] = [
  ["NETFILTER_DROP", "nft_do_chain", "rule"],
  ["NETFILTER_DROP", "nf_hook_slow", "conntrack"],
  ["NETFILTER_DROP", undefined, "conntrack"],
  ["NETFILTER_DROP", "br_nf_pre_routing", "hook"],
  ["NOT_SPECIFIED", "ip_error", "no-route"],
  ["IP_INNOROUTES", "ip_error", "no-route"],
  ["IP_OUTNOROUTES", "ip_queue_xmit", "no-route"],
  ["IP_INADDRERRORS", "ip_error", "not-forwarding"],
  ["IP_CSUM", "ip_rcv_core", "checksum"],
  ["UDP_CSUM", "__udp4_lib_rcv", "checksum"],
  ["TCP_CSUM", "tcp_v4_rcv", "checksum"],
  ["IP_RPFILTER", "ip_rcv_finish_core", "rp-filter"],
  ["IP_LOCALNET", "ip_rcv_finish_core", "martian"],
  ["NEIGH_QUEUEFULL", "__neigh_event_send", "neighbour"],
  ["NEIGH_FAILED", "neigh_invalidate", "neighbour"],
  ["NO_SOCKET", "__udp4_lib_rcv", "no-socket"],
  ["SOCKET_RCVBUFF", "udp_queue_rcv_one_skb", "socket-full"],
  ["SOCKET_FILTER", "sk_filter_trim_cap", "socket"],
  ["QUEUE_PURGE", "skb_queue_purge_reason", "socket"],
  ["IP_INHDR", "ip_forward", "ttl"],
  ["IP_INHDR", "ip_rcv_core", "malformed"],
  ["NOT_SPECIFIED", "ip6_mc_input", "not-for-us"],
  ["TCP_OLD_DATA", "tcp_data_queue", "tcp"],
  ["TCP_LISTEN_OVERFLOW", "tcp_conn_request", "socket-full"],
  ["PKT_TOO_BIG", "ip_forward", "too-big"],
  ["CPU_BACKLOG", "enqueue_to_backlog", "backlog"],
  ["QDISC_DROP", "__dev_queue_xmit", "queue"],
  ["XDP", "veth_xdp_rcv_skb", "program"],
  ["NOT_SPECIFIED", "veth_xdp_rcv_skb", "program"],
  ["NOT_SPECIFIED", "veth_xmit", "device"],
  ["A_REASON_OF_TOMORROW", "some_function", "other"],
  ["NOT_SPECIFIED", undefined, "other"],
];

void test("reason and function lead to the cause", () => {
  for (const [reason, location, verdict] of cases) {
    assert.equal(classify(reason, location), verdict, `${reason} in ${location ?? "?"}`);
  }
});

void test("functions in words, whatever the compiler added to their names", () => {
  assert.equal(functionMeaning("nft_do_chain"), "a chain of nftables was evaluated");
  assert.equal(functionMeaning("ip_rcv_finish_core.isra.0"), "the route of a packet that came in was looked up");
  assert.equal(functionMeaning("nobody_knows"), undefined);
});
