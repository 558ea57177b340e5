import * as z from "zod";
import { Fault } from "../fault.ts";
import { readHostAddress } from "../values/address.ts";
import { readInterfaceAddresses } from "../values/interface-addresses.ts";
import { readInterface } from "../values/name.ts";
import { numberBetween } from "../values/number.ts";
import { readNetwork } from "../values/prefix.ts";
import { bondSchema, vlanSchema } from "./bond.ts";
import { keys, oneOrMore, scalar } from "./field.ts";
import { PATTERNS } from "./patterns.ts";

/** `links.NAME.routes`: a way to a network that is not on the link itself. */
const routeSchema = keys("a static route", {
  to: scalar(readNetwork, {
    description: "The network.",
    examples: ["10.50.0.0/16"],
    type: "string",
    pattern: PATTERNS.prefix,
  }),
  via: scalar(readHostAddress, {
    description: "The next hop, a router on the link. Without: the network is on the link itself.",
    examples: ["10.10.0.254"],
    type: "string",
    pattern: PATTERNS.address,
  }).optional(),
  metric: scalar(numberBetween(0, 0xffffffff), {
    description: "Of two routes to one network the one with the lower metric is taken. Unless said, 0.",
    examples: [100],
    type: ["integer", "string"],
    pattern: PATTERNS.number,
    minimum: 0,
  }).optional(),
});

/** `links.NAME`: an interface in its role. */
export const linkSchema = keys("a link", {
  interface: scalar(readInterface, {
    description: "The kernel's name of the interface. Unless said, the name of the link.",
    examples: ["eth0", "bond0"],
    type: "string",
    pattern: PATTERNS.interface,
    maxLength: 15,
  }).optional(),
  bond: bondSchema.optional().meta({ description: "Makes the interface a bond of others." }),
  vlan: vlanSchema.optional().meta({ description: "Makes the interface a VLAN of another." }),
  mtu: scalar(numberBetween(576, 65535), {
    description: "The largest packet in bytes. Unless said, it stays as it is.",
    examples: [1500, 9000],
    type: ["integer", "string"],
    pattern: PATTERNS.number,
    minimum: 576,
    maximum: 65535,
  }).optional(),
  addresses: oneOrMore(readInterfaceAddresses, {
    description:
      "Addresses the interface must have, each with its prefix length; a range of aliases has the length at its end. Without: those it has already.",
    examples: ["61.138.177.2/27", "61.138.177.3-61.138.177.30/27"],
    type: "string",
    pattern: PATTERNS.interfaceAddresses,
  }).optional(),
  gateway: scalar(readHostAddress, {
    description: "The next hop of the default route through this link.",
    examples: ["61.138.177.1"],
    type: "string",
    pattern: PATTERNS.address,
  }).optional(),
  routes: z.array(routeSchema).optional().meta({ description: "Networks behind routers on this link." }),
}).superRefine(({ bond, vlan }, context) => {
  if (bond === undefined || vlan === undefined) return;
  const fix = "make the bond a link of its own, and the VLAN another link on it";
  const fault = new Fault("bond-and-vlan", "one interface cannot be a bond and a VLAN", fix);
  context.addIssue({ code: "custom", params: { fault }, path: ["vlan"] });
});

export type LinkEntry = z.output<typeof linkSchema>;
