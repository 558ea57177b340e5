import { countAddresses } from "../address/ipv4-range.ts";
import type { DirectedRate, SubscriberLimits } from "../config/limits.ts";
import { formatCount, formatRate } from "../plan/figures.ts";
import type { Plan } from "../plan/plan.ts";
import { table } from "./text-layout.ts";

/** What a plan says of limits; nothing where the file limits nothing. */
export function limitLines({ limits, gateway, table: connections }: Plan, width: number): string[] {
  if (limits === undefined) return [];
  const rows = limits.bodies.flatMap(({ group, members, perSubscriber }) => {
    const name = group === undefined ? "everybody else" : `group ${group.name}`;
    const each = eachText(perSubscriber);
    const together = group === undefined ? "" : ratesText(group);
    const priority = group === undefined || group.priority === "normal" ? "" : `${group.priority} priority`;
    const words = [each === "" ? "" : `each ${each}`, together === "" ? "" : `together ${together}`, priority];
    return [[name, formatCount(countAddresses(members)), words.filter((part) => part !== "").join("; ") || "no limit"]];
  });
  if (limits.mostConnections !== undefined) {
    const words = `if each had all it may; the table holds ${formatCount(connections.max)}`;
    rows.push(["connections", formatCount(limits.mostConnections), words]);
  }
  for (const { link, direction, classes } of limits.shaping) {
    rows.push([`classes on ${link}`, formatCount(classes.length), `what goes ${direction} is shaped there`]);
  }
  const ports = gateway.limits?.managementPorts ?? [];
  if (ports.length > 0) rows.push(["reserve", ports.join(", "), "TCP ports of the gateway that need no entry"]);
  return table(rows, ["left", "right", "left"], width);
}

function eachText({ connections, newConnections: begun, ...rates }: SubscriberLimits): string {
  return [
    ...(connections === undefined ? [] : [`${formatCount(connections)} connections`]),
    ...(begun === undefined ? [] : [`${formatCount(begun.rate)} new/s (at once ${formatCount(begun.burst)})`]),
    ratesText(rates),
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function ratesText({ up, down }: DirectedRate): string {
  return [
    ...(up === undefined ? [] : [`${formatRate(up)} up`]),
    ...(down === undefined ? [] : [`${formatRate(down)} down`]),
  ].join(", ");
}
