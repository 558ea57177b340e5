import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Range } from "../address/ipv4-range.ts";
import { formatCount, formatNoun } from "../plan/figures.ts";
import type { UplinkPlan, UplinksPlan } from "../plan/uplinks/uplinks-plan.ts";
import { table } from "./text-layout.ts";

/** What a plan says of uplinks; nothing where the file names none. */
export function uplinkPlanLines(plan: UplinksPlan | undefined, width: number): string[] {
  if (plan === undefined) return [];
  const rows = plan.uplinks.flatMap((uplink) => uplinkRows(uplink, plan.uplinks.length > 1));
  return table(rows, ["left", "right", "left"], width);
}

function uplinkRows(uplink: UplinkPlan, several: boolean): string[][] {
  const { link, interface: device, gateway, subscribers, addresses, translationsPerDestination, health } = uplink;
  const probes = health.probes.map(({ address, port }) => formatIpv4(address) + (port === undefined ? "" : `:${port}`));
  const capacity = `${formatNoun(addresses, "public address", "public addresses")}, ${formatCount(translationsPerDestination)} translations at once to one destination`;
  return [
    [link, formatCount(subscribers), `leave by it, ${device} via ${formatIpv4(gateway)}: ${capacity}`],
    [
      "",
      "",
      `asks ${probes.join(", ")} every ${seconds(health.interval)}; down without an answer for ${seconds(health.downAfter)}, at once without a carrier; up again after ${seconds(health.upAfter)}`,
    ],
    ...(several ? whenDown(uplink) : []),
  ];
}

/** Whoever reads a plan wants to know what a failure costs. */
function whenDown({ moves, stranded, unreachable }: UplinkPlan): string[][] {
  const rows = moves.map(({ to, subscribers }) => [
    "  when down",
    formatCount(subscribers),
    `go by ${to}; their connections break, because their public address is this provider's, and begin anew`,
  ]);
  if (stranded > 0) rows.push(["  when down", formatCount(stranded), "are cut off"]);
  if (unreachable.length > 0) {
    rows.push(["  when down", formatCount(unreachable.length), `not reached from outside: ${unreachable.join(", ")}`]);
  }
  return rows;
}

/** Uplinks of a plan as --json prints them. */
export function uplinksJson({ uplinks, orders }: UplinksPlan): object {
  return {
    uplinks: uplinks.map(({ gateway, health, ...uplink }) => ({
      ...uplink,
      gateway: formatIpv4(gateway),
      health: {
        ...health,
        probes: health.probes.map(({ address, port }) => ({
          address: formatIpv4(address),
          ...(port === undefined ? {} : { port }),
        })),
      },
    })),
    orders: orders.map(({ uplinks: names, subscribers }) => ({
      uplinks: names,
      subscribers: subscribers.map(formatIpv4Range),
    })),
  };
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
