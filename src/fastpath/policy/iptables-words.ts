import { SAME_FOR_ALL, unclear, type Question } from "./question.ts";

/** Modules of iptables whose answer is the connection's: it changes when sets, time or routes do, not by the packet. */
const SAME = new Set(
  ["set", "time", "connlimit", "owner", "mac", "policy", "helper", "realm", "devgroup", "cgroup", "rpfilter"].concat(
    ["socket", "geoip", "physdev", "osf", "ipvs", "connlabel", "cluster", "addrtype", "conntrack", "state"],
    // Only SYN packets have the option.
    ["tcpmss"],
  ),
);

const EACH_PACKET: Readonly<Record<string, Omit<Question & { readonly kind: "each-packet" }, "kind">>> = {
  hashlimit: { what: "limits the rate of packets with hashlimit", takes: true },
  limit: { what: "limits the rate of packets", takes: true },
  quota: { what: "counts bytes with quota", takes: true },
  quota2: { what: "counts bytes with quota2", takes: true },
  connbytes: { what: "asks what the connection has carried (connbytes)", bothDirections: true },
  nfacct: { what: "counts each packet with nfacct", takes: true },
  rateest: { what: "asks for a rate (rateest)" },
  recent: { what: "notes each packet (recent)", takes: true },
  statistic: { what: "chooses packets with statistic", takes: true },
  string: { what: "searches each packet for a text" },
  u32: { what: "looks into each packet with u32" },
  bpf: { what: "looks into each packet with bpf" },
  dscp: { what: "asks for the DSCP of each packet" },
  tos: { what: "asks for the TOS of each packet" },
  ecn: { what: "asks for the ECN bits of each packet" },
  ttl: { what: "asks for the TTL of the packet" },
  hl: { what: "asks for the hop limit of the packet" },
  length: { what: "asks for the length of the packet" },
};

/** Says what a question is that iptables writes so: `-m quota --quota 100`, `-f`. */
export function iptablesQuestion(text: string): Question {
  const [, module] = /^(?:-m|xt match) (\S+)/.exec(text) ?? [];
  // Fragments never take the fast path.
  if (module === undefined) return /^(! )?-f\b/.test(text) ? SAME_FOR_ALL : unclear(text);
  if (module === "set" && /--(packets|bytes)-/.test(text)) {
    return { kind: "each-packet", what: "asks for the counters of an ipset" };
  }
  const each = EACH_PACKET[module];
  if (each !== undefined) return { kind: "each-packet", ...each };
  return SAME.has(module) ? SAME_FOR_ALL : unclear(text);
}

/** Targets that do something to each packet, or with it; what they do, for people. */
const TARGETS: Readonly<Record<string, string>> = {
  NFLOG: "logs each packet (NFLOG)",
  ULOG: "logs each packet (ULOG)",
  AUDIT: "logs each packet (AUDIT)",
  TRACE: "traces each packet",
  CHECKSUM: "writes the checksum of each packet",
  DSCP: "changes the DSCP of each packet",
  TOS: "changes the TOS of each packet",
  TTL: "changes the TTL of each packet",
  HL: "changes the hop limit of each packet",
  ECN: "changes the ECN bits of each packet",
  TCPOPTSTRIP: "takes options out of each TCP packet",
  SET: "changes an ipset with each packet",
  TEE: "sends a copy of each packet elsewhere",
  RATEEST: "measures the rate of packets",
  IDLETIMER: "starts a timer anew with each packet",
  LED: "blinks with each packet",
  SECMARK: "marks each packet for the security module",
};

/** What a target of iptables does to each packet, `text` beginning with its name; undefined: nothing that matters. */
export function targetEffect(text: string): string | undefined {
  const [name = ""] = text.split(" ");
  // The connection's label, not the packet's.
  if (name === "CONNSECMARK") return undefined;
  return TARGETS[name] ?? `does something that is not understood (${name})`;
}

/** Targets that only choose a queue or a route for the packet. */
export function isMarkTarget(text: string): boolean {
  return /^(CLASSIFY|HMARK)\b/.test(text);
}
