import { formatIpv4Range } from "../../address/ipv4-range.ts";
import type { ClassPlan, LinkShaping } from "../../plan/limits/limits-plan.ts";
import { UNKNOWN_LINE } from "../../plan/limits/shaping.ts";
import type { Plan } from "../../plan/plan.ts";
import type { NftSet, ShapingSetting, TrafficClass } from "../desired-state.ts";
import { interfaceOf } from "../links.ts";
import { identifier, quoteInterface } from "../name.ts";
import { addressSet } from "../source-nat.ts";
import type { RulesetParts } from "./limit-parts.ts";

/** The queue MegaNAT puts at an interface has this handle: `MN`. A queue that has it is ours. */
export const QUEUE_HANDLE = 0x4d4e;

/** What the links' queues must be. */
export function shapingSettings({ gateway, limits }: Plan): ShapingSetting[] {
  return (limits?.shaping ?? []).map(({ link, classes }) => ({
    interface: interfaceOf(gateway, link),
    classes: trafficClasses(classes),
  }));
}

function trafficClasses(classes: readonly ClassPlan[]): TrafficClass[] {
  const parents = new Set(classes.map(({ parent }) => parent));
  return classes.map(({ number, parent, guaranteed, most, priority }) => ({
    number,
    ...(parent === undefined ? {} : { parent }),
    // A share of a line stays what it is, or all shares together would be more than the line.
    rate: bytes(parent === undefined || guaranteed < most ? guaranteed : withHeaders(guaranteed)),
    ceiling: bytes(parent === undefined ? most : withHeaders(most)),
    priority,
    isLeaf: !parents.has(number),
  }));
}

/**
 * Tells each forwarded packet its class, by the subscriber's address as it is inside: where packets leave it is translated
 * already. The queue takes the class from the packet's priority, so it needs no filters.
 */
export function shapingParts({ gateway, limits }: Plan): RulesetParts {
  const shaping = limits?.shaping ?? [];
  if (shaping.length === 0) return { sets: [], counters: [], chains: [] };
  const sets: NftSet[] = [];
  const rules: string[] = [];
  for (const { link, direction, classes } of shaping) {
    const side = direction === "up" ? "saddr" : "daddr";
    const map = identifier("class_", link);
    const shaped = identifier("shaped_", link);
    // Where the whole line is shaped every packet has to be seen; else only those the fast path cannot have.
    const match = isWhole({ link, direction, classes }) ? "" : `ip ${side} @${shaped} `;
    if (match !== "") {
      const members = classes.flatMap((one) => one.members);
      sets.push(addressSet(shaped, members, `subscribers with a rate on link ${link}`));
    }
    sets.push(classMap(map, link, classes));
    const device = quoteInterface(interfaceOf(gateway, link));
    rules.push(`oifname ${device} ${match}meta priority set ip ${side} map @${map}`);
  }
  const hook = { type: "filter", hook: "forward", priority: "mangle" } as const;
  return { sets, counters: [], chains: [{ name: "shape", hook, rules, about: "which class a packet leaves by" }] };
}

function isWhole({ classes }: LinkShaping): boolean {
  return (classes[0]?.most ?? 0) !== UNKNOWN_LINE;
}

function classMap(name: string, link: string, classes: readonly ClassPlan[]): NftSet {
  const withMembers = classes.filter(({ members }) => members.length > 0);
  const isPlain = withMembers.every(({ members }) => members.every(({ first, last }) => first === last));
  return {
    name,
    key: "ipv4_addr",
    data: "classid",
    flags: isPlain ? [] : ["interval"],
    elements: withMembers.flatMap(({ number, members }) =>
      members.map((range) => `${formatIpv4Range(range)} : ${QUEUE_HANDLE.toString(16)}:${number.toString(16)}`),
    ),
    about: `the class of each subscriber on link ${link}`,
  };
}

/** Rates are of IP packets; the kernel counts 14 bytes of Ethernet with each, full ones being 1500 long. */
function withHeaders(bits: number): number {
  return (bits * 1514) / 1500;
}

function bytes(bits: number): number {
  return Math.max(1, Math.floor(bits / 8));
}
