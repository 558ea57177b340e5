import { formatIpv4 } from "../../../address/ipv4.ts";
import type { PortUse } from "../../../observe/flows/port-use.ts";
import { suppliesOf } from "../../../observe/flows/port-supply.ts";
import { protocolName } from "../../../kernel/conntrack/protocol-name.ts";
import { rangesContain } from "../../../address/ipv4-range.ts";
import type { Plan } from "../../../plan/plan.ts";
import { command } from "../../command.ts";
import { FLOW_FILTER_ALIASES, FLOW_FILTER_FLAGS, flowFilter, type FlowFilterFlags } from "../../flow-filter.ts";
import { portUseLines, READING_JSON, readingLines } from "../../flows-text.ts";
import { planFile } from "../../gateway-file.ts";
import { CONFIG_FLAG } from "../../parameters.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags extends FlowFilterFlags {
  readonly top: number;
  readonly subscribers: number;
  readonly config?: string;
}

/** Says which destinations use up the ports of which public address. */
export const flowsPorts = command<Flags, []>({
  brief: "Say which destinations use up the ports of the public addresses, and who does it",
  description: [
    "A port of a public address can serve each destination (address, port and protocol) once. This counts the ports in",
    "use for each, fullest first, who fills them, and the chance that the next connection there is refused: the kernel",
    "tries 248 ports at random, or all of a block of up to 128, and since Linux 6.5 takes those of TCP connections that",
    "have ended when it finds no other. With the gateway file the ports and the port blocks are known from the plan;",
    "without it, 1024-65535 of each address are assumed. Reads the table twice; IPv4 only.",
  ].join("\n"),
  examples: [
    ["meganat flows ports", "the fullest destinations"],
    ["meganat flows ports -c gateway.yaml --top 5", "by the ports and blocks of the gateway file"],
  ],
  json: [
    ["connections", "connections whose source is translated"],
    [
      "uses",
      "{ address, protocol, destination, destinationPort, ports, used, occupancy, refusalChance, rule?, subscribers }",
    ],
    ["error", "counts may be too low by this much; 0: exact"],
    ["reading", READING_JSON],
  ],
  parameters: {
    flags: {
      top: {
        kind: "parsed",
        brief: "How many destinations",
        placeholder: "count",
        parse: (text: string) => parseCount(text, 1, 1000),
        default: "10",
      },
      subscribers: {
        kind: "parsed",
        brief: "How many subscribers of each",
        placeholder: "count",
        parse: (text: string) => parseCount(text, 1, 100),
        default: "3",
      },
      config: { ...CONFIG_FLAG, optional: true },
      ...FLOW_FILTER_FLAGS,
    },
    aliases: { c: "config", ...FLOW_FILTER_ALIASES },
  },
  run: async ({ netns }, flags) => {
    const plan = flags.config === undefined ? undefined : (await planFile(flags.config, { netns })).plan;
    const { readFlows } = await import("../../../observe/flows/read-flows.ts");
    const report = await readFlows({
      namespace: netns,
      filter: flowFilter(flags),
      task: {
        kind: "ports",
        supplies: plan === undefined ? [] : suppliesOf(plan),
        top: flags.top,
        subscribers: flags.subscribers,
      },
    });
    const { uses, connections, error } = report.ports ?? { uses: [], connections: 0, error: 0 };
    return {
      json: { connections, uses: uses.map((use) => useJson(use, plan)), error, reading: report.scan },
      text: [...portUseLines(uses, error), "", ...readingLines(report)].join("\n"),
    };
  },
});

function useJson(use: PortUse, plan: Plan | undefined): object {
  const who = use.subscribers[0]?.address;
  const rule =
    who === undefined ? undefined : plan?.sources.find(({ subscribers }) => rangesContain(subscribers, who))?.rule.name;
  return {
    ...use,
    address: formatIpv4(use.address),
    protocol: protocolName(use.protocol),
    destination: formatIpv4(use.destination),
    ...(rule === undefined ? {} : { rule }),
    subscribers: use.subscribers.map(({ address, connections }) => ({ address: formatIpv4(address), connections })),
  };
}
