import type * as z from "zod";
import { readPorts } from "../values/port.ts";
import { readHostRange } from "../values/range.ts";
import { choice, keys, oneOrMore, scalar } from "./field.ts";
import { PATTERNS } from "./patterns.ts";

/** How public addresses are reached: for pools, single source addresses and static translations. */
export const reachedBy = choice(["address", "proxy-arp", "route"], {
  description:
    "How packets for these addresses find the gateway. address (so unless said): they are addresses of the outside link. proxy-arp: the gateway answers ARP for them. route: the provider routes them to the gateway.",
  examples: ["address", "route"],
});

/** `pools.NAME`: public addresses that source NAT shares out. */
export const poolSchema = keys("a pool", {
  addresses: oneOrMore(readHostRange, {
    description:
      "Public addresses: an address, a range, a network, or a list of these. Their order decides the port blocks.",
    examples: ["61.138.177.3-61.138.177.30", "198.51.100.0/28"],
    type: "string",
    pattern: PATTERNS.range,
  }),
  ports: scalar(readPorts, {
    description: "Ports of each address that source NAT may use. Unless said, 1024-65535.",
    examples: ["1024-65535"],
    type: ["integer", "string"],
    pattern: PATTERNS.ports,
  }).optional(),
  "reached-by": reachedBy.optional(),
});

export type PoolEntry = z.output<typeof poolSchema>;
