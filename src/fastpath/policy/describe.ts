import type { Exemption } from "./exemption.ts";
import type { PacketPolicy } from "./rules-that-must-see-packets.ts";

/** What the rules demand of the fast path, a line for each rule. */
export function describePolicy({ exemptions, countsLess }: PacketPolicy): string[] {
  const byRule = new Map<string, Exemption[]>();
  for (const exemption of exemptions) {
    const key = `${exemption.rule?.id ?? ""} ${exemption.why}`;
    byRule.set(key, [...(byRule.get(key) ?? []), exemption]);
  }
  const lines = [...byRule.values()].map((list) => {
    const [{ rule, why }] = list as [Exemption];
    return `${rule?.place ?? "a rule"} ${why}: ${listed(list.map(describeExemption))} stay on the kernel's path`;
  });
  if (countsLess.length === 0) return lines;
  const [first] = countsLess as [PacketPolicy["countsLess"][number]];
  const what =
    countsLess.length === 1
      ? `${first.place} counts`
      : `${countsLess.length} rules (the first is ${first.place}) count`;
  return [...lines, `${what} only the packets that the kernel sees`];
}

/** The packets of an exemption in words: `TCP packets from 10.1.0.0/16 that leave by eth0`. */
export function describeExemption(exemption: Omit<Exemption, "why" | "rule">): string {
  const { family, protocol, source, destination, sourcePorts, destinationPorts, inInterface, outInterface } = exemption;
  const kinds = [
    ...(family === undefined || source !== undefined || destination !== undefined
      ? []
      : [family === "ip" ? "IPv4" : "IPv6"]),
    ...(protocol === undefined ? [] : [protocol === 6 ? "TCP" : "UDP"]),
    "packets",
    ...end("from", source, sourcePorts),
    ...end("to", destination, destinationPorts),
    ...(inInterface === undefined ? [] : [`that come in by ${inInterface}`]),
    ...(outInterface === undefined ? [] : [`${inInterface === undefined ? "that" : "and"} leave by ${outInterface}`]),
  ];
  return kinds.length === 1 ? "all packets" : kinds.join(" ");
}

function end(preposition: "from" | "to", address: string | undefined, ports: string | undefined): string[] {
  if (address === undefined && ports === undefined) return [];
  const port = ports === undefined ? [] : [`${ports.includes("-") ? "ports" : "port"} ${ports}`];
  return [preposition, ...(address === undefined ? [] : [address]), ...port];
}

function listed(texts: readonly string[]): string {
  const [first = "", second] = texts;
  if (texts.length > 3) return `${first}, ${second} and ${texts.length - 2} other kinds of packets`;
  return texts.length < 2 ? first : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}
