import { countPorts } from "../address/port-range.ts";
import { formatBytes, formatCount, formatSeconds } from "./figures.ts";
import type { PaperComparison, SourcePlan, TablePlan, TimeoutPlan } from "./plan.ts";
import { DYNAMIC_PORTS } from "./sources.ts";

/** The paper's formula for nf_conntrack_max: bits of the processor / 32 x memory in bytes / 16,384. */
export function paperTableSize(memoryBytes: number): number {
  return Math.floor(((64 / 32) * memoryBytes) / 16_384);
}

/** Figures of the paper on million-connection NAT with Linux (2016; CentOS 6.4, kernel 2.6.32) beside ours. */
export function compareWithPaper(
  sources: readonly SourcePlan[],
  table: TablePlan,
  timeouts: readonly TimeoutPlan[],
): PaperComparison[] {
  const established = timeouts.find(({ name }) => name === "tcp-established");
  const size = paperTableSize(table.hostMemoryBytes);
  return [
    {
      what: "nf_conntrack_max",
      paper: `64/32 x memory/16,384: 2,097,152 for 16 GiB; ${formatCount(size)} for the ${formatBytes(table.hostMemoryBytes)} here`,
      ours: `${formatCount(table.required)}: ${formatCount(table.expectedConnections)} expected connections and a quarter`,
      why: `that formula was a default of old kernels and says nothing of the need; one entry takes ${table.bytesPerConnection} or ${table.bytesPerConnectionWithExtensions} bytes, so memory bounds the table far higher`,
    },
    {
      what: "hash size",
      paper: "max/8 = 262,144 by the formula; its script writes 2,097,152",
      ours: formatCount(table.buckets),
      why: "each connection is in the table twice: max/8 makes chains of 16 when it is full, buckets = max makes chains of 2 for 8 bytes each",
    },
    ...translations(sources),
    {
      what: "tcp_timeout_established",
      paper: "300 s (the kernel's own is 5 days)",
      ours: formatSeconds(established?.proposed ?? 0),
      why: "RFC 5382 asks at least 2 h 4 min, so that keep-alives every 2 h hold a quiet connection; 300 s cuts it 25 times too early",
    },
    {
      what: "route.max_size",
      paper: "2,097,152",
      ours: "not set",
      why: "it bounded the IPv4 route cache, which went with kernel 3.6; the setting is still there and does nothing for IPv4",
    },
    {
      what: "ip_forward",
      paper: "1, in /etc/sysctl.conf",
      ours: "1, with the rules",
      why: "the same; here it is set when the rules are in place, and put back when they are removed",
    },
    {
      what: "address of a subscriber",
      paper: "any of the pool, by connection",
      ours: "always the same one",
      why: "the kernel picks by source and destination; RFC 4787 REQ-2 recommends pairing, which many applications count on",
    },
  ];
}

function translations(sources: readonly SourcePlan[]): PaperComparison[] {
  const ports = countPorts(DYNAMIC_PORTS);
  return [
    {
      what: "translations",
      paper: `25 addresses x (65,536 - 1,024) = ${formatCount(25 * ports)}, taken as the limit of all`,
      ours:
        sources.length === 0
          ? "no source NAT"
          : sources.map((s) => `${s.rule.name}: ${formatCount(s.translationsPerDestination)}`).join(", "),
      why: "a port can serve every destination address and port once, so this is the limit for one destination (and protocol), not for all; its pool .3-.30 has 28 addresses, and 1,700,000 connections were seen",
    },
  ];
}
