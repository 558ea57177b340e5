import { existsSync, readFileSync } from "node:fs";
import { askConntrackCount } from "../conntrack/statistics.ts";
import { withConntrack } from "../conntrack/ctnetlink.ts";
import { checkNft, readGeneration } from "../nftables.ts";
import { BPF_PROGRAM_TYPES, loadSmallestProgram } from "./bpf-probe.ts";
import {
  probeFairQueue,
  probeHtb,
  probeLinkKind,
  probeNetem,
  probeTrafficClassifier,
  probeXdpOnVeth,
} from "./device-probe.ts";

/** How to find out whether the kernel has something, and what to say of it. */
export interface FeatureDefinition {
  readonly id: string;
  readonly title: string;
  /** Without this, in words of what MegaNAT cannot do then. */
  readonly without: string;
  /** Modules that hold the code, where it can be one. */
  readonly modules?: readonly string[];
  /** Symbols of the kernel's configuration, all needed. */
  readonly config: readonly string[];
  /** What else must be done or installed. */
  readonly also?: string;
  /**
   * `namespace`: runs in a namespace made for it alone; `here`: reads only. Returns false for absent; throws
   * `kernel-permission` where it may not ask, and any other KernelError for absent.
   */
  readonly where: "namespace" | "here";
  readonly probe: () => boolean | void;
}

const STOCK = "the stock kernels of Debian, Ubuntu and Fedora have it";

/** All that MegaNAT looks for, in the order in which it is shown. */
export const CATALOGUE: readonly FeatureDefinition[] = [
  {
    id: "network-namespaces",
    title: "Network namespaces",
    without: "no lab, no replica, no demo; the gateway itself works",
    config: ["CONFIG_NET_NS"],
    where: "here",
    probe: () => existsSync("/proc/self/ns/net"),
  },
  {
    id: "user-namespaces",
    title: "User namespaces for everybody",
    without: "lab and demo need root",
    config: ["CONFIG_USER_NS"],
    also: "user.max_user_namespaces above 0, kernel.unprivileged_userns_clone 1 and no AppArmor restriction",
    where: "here",
    probe: mayMakeUserNamespaces,
  },
  {
    id: "nf-tables",
    title: "nftables",
    without: "nothing can be applied",
    modules: ["nf_tables"],
    config: ["CONFIG_NF_TABLES", "CONFIG_NF_TABLES_INET"],
    where: "namespace",
    probe: () => void readGeneration(undefined),
  },
  {
    id: "nat",
    title: "Address translation in nftables",
    without: "nothing can be translated",
    modules: ["nf_nat", "nft_chain_nat", "nft_nat", "nft_masq"],
    config: ["CONFIG_NF_NAT", "CONFIG_NFT_NAT", "CONFIG_NFT_MASQ"],
    also: "the program nft (package nftables)",
    where: "namespace",
    probe: () => {
      checkNft(undefined, natScript("snat to 192.0.2.1"));
      checkNft(undefined, natScript("masquerade"));
    },
  },
  {
    id: "conntrack",
    title: "Connection tracking",
    without: "nothing can be translated",
    modules: ["nf_conntrack"],
    config: ["CONFIG_NF_CONNTRACK"],
    where: "here",
    probe: () => existsSync("/proc/sys/net/netfilter/nf_conntrack_max"),
  },
  {
    id: "ctnetlink",
    title: "Connection table by netlink",
    without: "connections cannot be counted, looked up or listed",
    modules: ["nf_conntrack_netlink"],
    config: ["CONFIG_NF_CT_NETLINK"],
    where: "namespace",
    probe: () => void withConntrack(undefined, askConntrackCount),
  },
  {
    id: "conntrack-events",
    title: "Events of connection tracking",
    without: "no journal of who had which port: only the state now can be seen",
    modules: ["nf_conntrack"],
    config: ["CONFIG_NF_CONNTRACK_EVENTS"],
    where: "here",
    probe: () => existsSync("/proc/sys/net/netfilter/nf_conntrack_events"),
  },
  {
    id: "conntrack-procfs",
    title: "Connection tracking in /proc",
    without: "nothing is lost: MegaNAT reads the same by netlink; tools like node_exporter show less",
    modules: ["nf_conntrack"],
    config: ["CONFIG_NF_CONNTRACK_PROCFS"],
    where: "here",
    probe: () => existsSync("/proc/net/stat/nf_conntrack"),
  },
  {
    id: "conntrack-hash-sizes",
    title: "Size of the connection hash",
    without: "chain lengths cannot be judged",
    modules: ["nf_conntrack"],
    config: ["CONFIG_NF_CONNTRACK"],
    where: "here",
    probe: () => existsSync("/proc/sys/net/netfilter/nf_conntrack_buckets"),
  },
  {
    id: "flowtable",
    title: "Flowtable (the kernel's own fast path)",
    without: "established connections cannot take the kernel's short cut",
    modules: ["nf_flow_table", "nft_flow_offload"],
    config: ["CONFIG_NF_FLOW_TABLE", "CONFIG_NFT_FLOW_OFFLOAD"],
    also: "the program nft (package nftables)",
    where: "namespace",
    probe: () => checkNft(undefined, FLOWTABLE_SCRIPT),
  },
  linkFeature("bonding", "bond", "Bonding", "CONFIG_BONDING", "links cannot be made of several interfaces"),
  linkFeature("8021q", "vlan", "VLAN interfaces", "CONFIG_VLAN_8021Q", "links cannot be VLANs"),
  linkFeature("veth", "veth", "Virtual wires (veth)", "CONFIG_VETH", "no lab, no replica, no demo"),
  linkFeature("dummy", "dummy", "Dummy interfaces", "CONFIG_DUMMY", "nothing is lost: routes go by lo instead"),
  {
    id: "connection-limits",
    title: "Counting and limiting in nftables",
    without: "the file's limits of connections and new connections cannot be applied",
    modules: ["nft_connlimit", "nft_limit", "nft_reject_ipv4"],
    config: ["CONFIG_NFT_CONNLIMIT", "CONFIG_NFT_LIMIT", "CONFIG_NFT_REJECT"],
    where: "namespace",
    probe: () => checkNft(undefined, LIMIT_SCRIPT),
  },
  {
    id: "htb",
    title: "Shaping (HTB)",
    without: "the rates of the file's limits do not hold",
    modules: ["sch_htb"],
    config: ["CONFIG_NET_SCH_HTB"],
    where: "namespace",
    probe: probeHtb,
  },
  {
    id: "fq-codel",
    title: "Fair queues (fq_codel)",
    without: "connections of one subscriber do not take turns, and wait longer when its rate is used up",
    modules: ["sch_fq_codel"],
    config: ["CONFIG_NET_SCH_FQ_CODEL"],
    where: "namespace",
    probe: probeFairQueue,
  },
  {
    id: "netem",
    title: "Delay and loss on purpose (netem)",
    without: "the lab cannot imitate slow or lossy lines",
    modules: ["sch_netem"],
    config: ["CONFIG_NET_SCH_NETEM"],
    where: "namespace",
    probe: probeNetem,
  },
  {
    id: "tc-bpf",
    title: "eBPF traffic classifiers (tc)",
    without: "no fast path that keeps big packets whole",
    modules: ["cls_bpf", "sch_ingress"],
    config: ["CONFIG_NET_CLS_BPF", "CONFIG_NET_SCH_INGRESS"],
    where: "namespace",
    probe: probeTrafficClassifier,
  },
  {
    id: "xdp-veth",
    title: "XDP on virtual wires",
    without: "no connection generator in the lab and no XDP fast path there",
    modules: ["veth"],
    config: ["CONFIG_BPF_SYSCALL", "CONFIG_VETH"],
    where: "namespace",
    probe: probeXdpOnVeth,
  },
  {
    id: "btf",
    title: "Type information of the kernel (BTF)",
    without: "eBPF programs that read kernel structures cannot be loaded: no fast path, less diagnosis",
    config: ["CONFIG_DEBUG_INFO_BTF"],
    where: "here",
    probe: () => existsSync("/sys/kernel/btf/vmlinux"),
  },
  bpfFeature(
    "bpf-tracepoint",
    "eBPF programs on tracepoints",
    "tracepoint",
    "drops cannot be counted by place and reason",
  ),
  bpfFeature("bpf-kprobe", "eBPF programs on kernel functions", "kprobe", "less detail in diagnosis"),
  bpfFeature("bpf-perf-event", "eBPF programs on samples", "perfEvent", "no profile of where packets cost time"),
  {
    id: "tracepoints",
    title: "Tracepoints",
    without: "drops cannot be counted by place and reason",
    config: ["CONFIG_TRACEPOINTS", "CONFIG_FTRACE"],
    where: "here",
    probe: () => isTracefs() || existsSync("/sys/bus/event_source/devices/tracepoint"),
  },
  {
    id: "kprobes",
    title: "Probes on kernel functions (kprobes)",
    without: "less detail in diagnosis",
    config: ["CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS"],
    where: "here",
    probe: () => existsSync("/sys/bus/event_source/devices/kprobe"),
  },
  {
    id: "perf-events",
    title: "Performance events",
    without: "no profile of where packets cost time",
    config: ["CONFIG_PERF_EVENTS"],
    where: "here",
    probe: () => existsSync("/proc/sys/kernel/perf_event_paranoid"),
  },
  {
    id: "hardware-counters",
    title: "The processor's own counters",
    without: "profiles go by time, not by cycles or cache misses",
    config: ["CONFIG_PERF_EVENTS"],
    also: "a machine, or a virtual machine with a virtual PMU",
    where: "here",
    probe: () => ["cpu", "cpu_core", "armv8_pmuv3", "armv8_pmuv3_0"].some(isEventSource),
  },
];

const FLOWTABLE_SCRIPT = `table ip probe {
  flowtable probe { hook ingress priority 0; devices = { lo }; }
  chain probe { type filter hook forward priority 0; flow add @probe; }
}
`;

const LIMIT_SCRIPT = `table ip probe {
  set held { type ipv4_addr; size 2; flags dynamic; }
  chain probe {
    type filter hook forward priority 0;
    limit rate over 1/second add @held { ip saddr ct count over 1 } reject with icmp type admin-prohibited
  }
}
`;

function natScript(statement: string): string {
  return `table ip probe {\n  chain probe { type nat hook postrouting priority 100; ${statement}; }\n}\n`;
}

function linkFeature(module: string, kind: string, title: string, symbol: string, without: string): FeatureDefinition {
  return {
    id: kind === "bond" ? "bonding" : kind,
    title,
    without,
    modules: [module],
    config: [symbol],
    also: STOCK,
    where: "namespace",
    probe: () => probeLinkKind(kind),
  };
}

function bpfFeature(
  id: string,
  title: string,
  type: keyof typeof BPF_PROGRAM_TYPES,
  without: string,
): FeatureDefinition {
  return {
    id,
    title,
    without,
    config: ["CONFIG_BPF_SYSCALL", "CONFIG_BPF_EVENTS"],
    where: "here",
    probe: () => loadSmallestProgram(BPF_PROGRAM_TYPES[type], `load an eBPF program of type ${type}`).close(),
  };
}

function isEventSource(name: string): boolean {
  return existsSync(`/sys/bus/event_source/devices/${name}`);
}

function isTracefs(): boolean {
  return existsSync("/sys/kernel/tracing/events") || existsSync("/sys/kernel/debug/tracing/events");
}

function mayMakeUserNamespaces(): boolean {
  if (!existsSync("/proc/self/ns/user")) return false;
  const limit = readNumber("/proc/sys/user/max_user_namespaces");
  const clone = readNumber("/proc/sys/kernel/unprivileged_userns_clone");
  const restricted = readNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  return limit !== 0 && clone !== 0 && restricted !== 1;
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
