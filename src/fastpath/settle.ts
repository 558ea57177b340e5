import type { NamespaceName } from "../kernel/namespace.ts";
import { makeFlowtable, readFlowtable } from "./flowtable.ts";
import type { Path } from "./record.ts";
import { forgetConnections, readFastPathStatus, type FastPathStatus } from "./status.ts";
import { turnOffFastPath } from "./turn-off.ts";
import { turnOnFastPath } from "./turn-on.ts";
import { devicesThere, turnOnFlowtable } from "./turn-on-flowtable.ts";

/** What a gateway file asks of the fast path. */
export interface FastPathWish {
  readonly netns?: NamespaceName;
  readonly path: Path | "flowtable" | "auto" | "off";
  readonly devices: readonly string[];
  readonly connections: number;
}

/** What was done about the fast path: nothing, or all that it knew was forgotten because the gateway has changed. */
export type FastPathOutcome = "off" | "turned-on" | "turned-off" | "kept" | "forgotten";

/** What would be done. `changed`: the gateway has. Interfaces that are not there are left out. */
export function fastPathOutcome(wish: FastPathWish, changed: boolean): FastPathOutcome {
  return outcomeFor({ ...wish, devices: devicesThere(wish.netns, wish.devices) }, changed);
}

/**
 * Brings the fast path to what the gateway file asks for, between those interfaces that are there. Throws what
 * `turnOnFastPath` does; the gateway stands without.
 */
export function settleFastPath({ devices, ...wish }: FastPathWish, changed: boolean): FastPathOutcome {
  const reached = { ...wish, devices: devicesThere(wish.netns, devices) };
  const outcome = outcomeFor(reached, changed);
  if (outcome === "turned-off") turnOffFastPath(wish);
  if (wish.path === "flowtable") {
    if (outcome === "forgotten") makeFlowtable(wish.netns, reached.devices);
    // It says itself which are missing if none is there.
    if (outcome === "turned-on") turnOnFlowtable({ ...wish, devices });
    return outcome;
  }
  if (outcome === "forgotten") forgetConnections(wish);
  if (outcome === "turned-on" && wish.path !== "off") turnOnFastPath({ ...reached, path: wish.path });
  return outcome;
}

function outcomeFor(wish: FastPathWish, changed: boolean): FastPathOutcome {
  const status = readFastPathStatus(wish);
  const flowtable = readFlowtable(wish.netns);
  const isOff = status === undefined && flowtable === undefined;
  if (wish.path === "flowtable") {
    const serving = flowtable?.devices.toSorted().join();
    if (serving !== wish.devices.toSorted().join() || isOff) return "turned-on";
    return changed ? "forgotten" : "kept";
  }
  if (wish.path === "off" || wish.devices.length === 0) return isOff ? "off" : "turned-off";
  if (status === undefined || !status.whole || !serves(status, wish)) return "turned-on";
  return changed ? "forgotten" : "kept";
}

function serves(status: FastPathStatus, wish: FastPathWish): boolean {
  const there = new Map(status.devices.map(({ name, path }) => [name, path]));
  return (
    there.size === new Set(wish.devices).size &&
    wish.devices.every((name) => (wish.path === "auto" ? there.has(name) : there.get(name) === wish.path))
  );
}
