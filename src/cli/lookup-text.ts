import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Range } from "../address/ipv4-range.ts";
import { formatPortRange } from "../address/port-range.ts";
import type { PublicFinding, SubscriberFinding } from "../plan/lookup.ts";
import type { PublicAddress } from "../plan/plan.ts";

const RANGES_SHOWN = 12;

/** Says in one sentence who is behind a public address and port. */
export function publicText(finding: PublicFinding): string {
  switch (finding.kind) {
    case "subscriber":
      return `subscriber ${formatIpv4(finding.subscriber)}: has ${ports(finding.mapping)} to itself (rule ${finding.rule})`;
    case "forward":
      return `port forward ${finding.rule} (${finding.protocol}): leads to ${formatIpv4(finding.host)}:${finding.port}`;
    case "static":
      return `inside host ${formatIpv4(finding.host)}: has the whole address (static NAT ${finding.rule})`;
    case "twice":
      return `host ${formatIpv4(finding.host)} by link ${finding.link} (twice NAT ${finding.rule})`;
    case "shared": {
      const shown = finding.candidates.slice(0, RANGES_SHOWN).map(formatIpv4Range).join(", ");
      const more = finding.candidates.length > RANGES_SHOWN ? ", ..." : "";
      const who = finding.paired ? "paired with this address" : "of the rule";
      return `one of ${finding.candidateCount} subscribers ${who}, only a log tells which (rule ${finding.rule}): ${shown}${more}`;
    }
    case "reserved":
      return `nobody: ports ${formatPortRange(finding.ports)} are kept free because ${finding.forwards.join(", ")} listens there (rule ${finding.rule})`;
    case "free":
      return `nobody yet: ports ${formatPortRange(finding.ports)} are a free block (rule ${finding.rule})`;
    case "unused-port":
      return `nobody: source NAT of rule ${finding.rule} uses only ports ${formatPortRange(finding.ports)} of the address`;
    case "gateway":
      return `the gateway itself: its own address on link ${finding.link}`;
  }
}

/** Says in one sentence where an inside address is seen from outside. */
export function subscriberText(finding: SubscriberFinding): string {
  switch (finding.kind) {
    case "block":
      return `leaves by ${finding.out} as ${ports(finding.mapping)}, its own (rule ${finding.rule})`;
    case "shared":
      return finding.mapping === undefined
        ? `leaves by ${finding.out} as the address of the link, shared (masquerade, rule ${finding.rule})`
        : `leaves by ${finding.out} as ${ports(finding.mapping)}, shared with others (rule ${finding.rule})`;
    case "static":
      return `leaves by ${finding.out} as ${formatIpv4(finding.address)}, its own, all ports (static NAT ${finding.rule})`;
    case "forward":
      return `is reached at ${formatIpv4(finding.listen.address)}:${formatPortRange(finding.listen.ports)}/${finding.protocol}, which leads to its ${formatPortRange(finding.ports)} (port forward ${finding.rule})`;
    case "twice":
      return `is known by link ${finding.link} as ${formatIpv4(finding.address)} (twice NAT ${finding.rule})`;
    case "excepted":
      return `is passed over by rule ${finding.rule} (link ${finding.out})`;
  }
}

/** A finding as --json prints it: addresses and ports in their written form. */
export function findingJson(finding: PublicFinding | SubscriberFinding): object {
  return Object.fromEntries(Object.entries(finding).map(([key, value]) => [key, written(key, value)]));
}

function ports({ address, ports: range }: PublicAddress): string {
  return `${formatIpv4(address)} ports ${formatPortRange(range)}`;
}

function written(key: string, value: unknown): unknown {
  if (key === "host" || key === "subscriber" || key === "address") return formatIpv4(value as number);
  if (key === "ports") return formatPortRange(value as PublicAddress["ports"]);
  if (key === "mapping" || key === "listen") {
    const { address, ports: range } = value as PublicAddress;
    return { address: formatIpv4(address), ports: formatPortRange(range) };
  }
  if (key === "candidates") return (value as { first: number; last: number }[]).map(formatIpv4Range);
  return value;
}
