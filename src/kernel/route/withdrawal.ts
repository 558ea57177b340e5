import { isKernelError } from "../error.ts";
import type { NamespaceName } from "../namespace.ts";
import { addRoute, listRoutes, removeRoute, type RouteInfo, type RouteSpec } from "./route.ts";

/** Who set the route, by rtm_protocol: a number that nobody else has. */
const UPLINK_PROTOCOL = 77;
const DEFAULT = "0.0.0.0/0";

/**
 * A default route of type throw, before all others by its metric: whoever looks into the table goes on to the next
 * policy rule. So one message takes a whole table out of use or back, at once for every rule that leads to it, and the
 * kernel itself remembers it.
 */
function withdrawal(table: number): RouteSpec {
  return { destination: DEFAULT, table, type: "throw", scope: "global", protocol: UPLINK_PROTOCOL };
}

/** Says whether the table is out of use. */
export function isWithdrawn(namespace: NamespaceName, table: number): boolean {
  return listRoutes(namespace, { table }).some(isWithdrawal);
}

/** Says whether the route is the one that takes its table out of use. */
export function isWithdrawal({ type, protocol }: RouteInfo): boolean {
  return type === "throw" && protocol === UPLINK_PROTOCOL;
}

/** Takes the table out of use; does nothing if it is. */
export function withdrawTable(namespace: NamespaceName, table: number): void {
  unless("kernel-exists", () => addRoute(namespace, withdrawal(table)));
}

/** Takes the table back into use; does nothing if it is. */
export function restoreTable(namespace: NamespaceName, table: number): void {
  unless("kernel-not-found", () => removeRoute(namespace, withdrawal(table)));
}

function unless(code: "kernel-exists" | "kernel-not-found", run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error, code)) throw error;
  }
}
