import type * as z from "zod";
import { BOND_MODES, HASHING_MODES, PRIMARY_MODES, XMIT_HASH_POLICIES } from "../bond.ts";
import { Fault, quote } from "../fault.ts";
import { readDuration } from "../values/duration.ts";
import { readInterface } from "../values/name.ts";
import { numberBetween } from "../values/number.ts";
import { choice, keys, oneOrMore, scalar } from "./field.ts";
import { PATTERNS } from "./patterns.ts";

const INTERFACE = { type: "string", pattern: PATTERNS.interface, maxLength: 15 } as const;

/** `links.NAME.bond`: several interfaces as one. */
export const bondSchema = keys("a bond", {
  members: oneOrMore(readInterface, {
    description: "The interfaces the bond is made of. They must not be used for anything else.",
    examples: ["eth0"],
    ...INTERFACE,
  }),
  mode: choice(BOND_MODES, {
    description:
      "How the members share the work. 802.3ad (LACP) where the switch can; active-backup with any switch; balance-rr, which the paper used, reorders packets within a connection.",
    examples: ["802.3ad", "active-backup", "balance-rr"],
  }),
  miimon: scalar(readMilliseconds, {
    description: "How often the carrier of the members is looked at. Unless said, 100ms.",
    examples: ["200ms"],
    type: "string",
    pattern: PATTERNS.duration,
  }).optional(),
  "up-delay": scalar(readMilliseconds, {
    description: "How long a member must have a carrier before it is used. Unless said, 0ms. Whole times of miimon.",
    examples: ["400ms"],
    type: "string",
    pattern: PATTERNS.duration,
  }).optional(),
  "down-delay": scalar(readMilliseconds, {
    description:
      "How long a member must be without a carrier before it is not. Unless said, 0ms. Whole times of miimon.",
    examples: ["200ms"],
    type: "string",
    pattern: PATTERNS.duration,
  }).optional(),
  "xmit-hash-policy": choice(XMIT_HASH_POLICIES, {
    description:
      "What of a packet chooses the member, in the modes 802.3ad, balance-xor and balance-tlb. layer3+4, so unless said, spreads connections; layer2 sends everything to one router by one member.",
    examples: ["layer3+4"],
  }).optional(),
  "lacp-rate": choice(["slow", "fast"], {
    description: "Mode 802.3ad: how often the switch is asked to speak, each 30 s or each second. Unless said, slow.",
    examples: ["fast"],
  }).optional(),
  primary: scalar(readInterface, {
    description: "Modes active-backup, balance-tlb, balance-alb: the member that is used while it can be.",
    examples: ["eth0"],
    ...INTERFACE,
  }).optional(),
  "min-links": scalar(numberBetween(0, 64), {
    description: "The bond counts as connected only while so many members are. Unless said, 0: any one will do.",
    examples: [1],
    type: ["integer", "string"],
    pattern: PATTERNS.number,
    minimum: 0,
    maximum: 64,
  }).optional(),
}).superRefine((bond, context) => {
  const complain = (key: string | [string, number], message: string, fix: string): void => {
    const fault = new Fault("bond-contradiction", message, fix);
    context.addIssue({ code: "custom", params: { fault }, path: [key].flat() });
  };
  const { members, mode, primary, miimon = 100 } = bond;
  for (const [index, member] of members.entries()) {
    if (members.indexOf(member) === index) continue;
    complain(["members", index], `the interface ${member} is a member twice`, "write each interface once");
  }
  if (bond["xmit-hash-policy"] !== undefined && !HASHING_MODES.has(mode)) {
    complain("xmit-hash-policy", `mode ${mode} hashes nothing`, "delete it, or use mode 802.3ad or balance-xor");
  }
  if (bond["lacp-rate"] !== undefined && mode !== "802.3ad") {
    complain("lacp-rate", `mode ${mode} does not speak LACP`, "delete it, or use mode 802.3ad");
  }
  if (primary !== undefined && !PRIMARY_MODES.has(mode)) {
    complain("primary", `mode ${mode} uses all members alike`, "delete it, or use mode active-backup");
  } else if (primary !== undefined && !members.includes(primary)) {
    complain("primary", `the interface ${primary} is not a member of the bond`, `write one of ${members.join(", ")}`);
  }
  if (miimon === 0) {
    complain("miimon", "with 0 nobody would notice a member without carrier", "write 100ms, or 200ms as in the paper");
    return;
  }
  for (const key of ["up-delay", "down-delay"] as const) {
    const delay = bond[key] ?? 0;
    if (delay % miimon === 0) continue;
    const near = Math.max(1, Math.round(delay / miimon)) * miimon;
    complain(key, `${delay}ms is no multiple of miimon, ${miimon}ms; the kernel would round it`, `write ${near}ms`);
  }
});

/** `links.NAME.vlan`: one VLAN of another link. */
export const vlanSchema = keys("a VLAN", {
  on: scalar(readInterface, {
    description: "The link, by its name, or the interface that carries the VLAN.",
    examples: ["lan", "eth1"],
    ...INTERFACE,
  }),
  id: scalar(numberBetween(1, 4094), {
    description: "The VLAN's number (802.1Q).",
    examples: [100],
    type: ["integer", "string"],
    pattern: PATTERNS.number,
    minimum: 1,
    maximum: 4094,
  }),
});

export type BondEntry = z.output<typeof bondSchema>;
export type VlanEntry = z.output<typeof vlanSchema>;

/** The kernel counts in milliseconds; a minute without looking would be no monitoring. */
const LONGEST = 60_000;

function readMilliseconds(text: string): number | Fault {
  const milliseconds = readDuration(text);
  if (milliseconds instanceof Fault) return milliseconds;
  if (Number.isInteger(milliseconds) && milliseconds <= LONGEST) return milliseconds;
  const message = `${quote(text)} is not a whole number of milliseconds up to a minute`;
  return new Fault("bad-duration", message, "write milliseconds: 200ms");
}
