import { countAddresses, type Ipv4Range } from "../../address/ipv4-range.ts";
import type { Gateway } from "../../config/gateway.ts";
import { limitedBodies } from "./bodies.ts";
import type { LimitsPlan } from "./limits-plan.ts";
import { countClasses, fitsKernel, planShaping } from "./shaping.ts";

/** The limits of the file for those who are inside; undefined where it has none. */
export function planLimits(gateway: Gateway, everyone: readonly Ipv4Range[]): LimitsPlan | undefined {
  if (gateway.limits === undefined) return undefined;
  const bodies = limitedBodies(gateway.limits, everyone);
  // Too many to be made are not worked out either: a problem says so.
  const shaping = fitsKernel(countClasses(gateway, bodies), gateway.limits.groups.length)
    ? planShaping(gateway, bodies)
    : [];
  const most = bodies.map(({ members, perSubscriber }) => countAddresses(members) * (perSubscriber.connections ?? NaN));
  const mostConnections = most.reduce((sum, count) => sum + count, 0);
  return { bodies, shaping, ...(Number.isNaN(mostConnections) ? {} : { mostConnections }) };
}
