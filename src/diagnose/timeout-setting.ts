const TCP = 6;
const UDP = 17;
const ICMP = 1;
const NAMES: Readonly<Record<string, string>> = {
  SYN_SENT: "syn_sent",
  SYN_RECV: "syn_recv",
  ESTABLISHED: "established",
  FIN_WAIT: "fin_wait",
  CLOSE_WAIT: "close_wait",
  LAST_ACK: "last_ack",
  TIME_WAIT: "time_wait",
  CLOSE: "close",
  SYN_SENT2: "syn_sent",
};

/** The sysctl with the timeout of such connections, in seconds; undefined for protocols with timeouts of their own. */
export function timeoutSetting(protocol: number, state: string, isAssured: boolean): string | undefined {
  if (protocol === TCP) {
    const name = NAMES[state];
    return name === undefined ? undefined : `net.netfilter.nf_conntrack_tcp_timeout_${name}`;
  }
  if (protocol === UDP) return `net.netfilter.nf_conntrack_udp_timeout${isAssured ? "_stream" : ""}`;
  if (protocol === ICMP) return "net.netfilter.nf_conntrack_icmp_timeout";
  return undefined;
}
