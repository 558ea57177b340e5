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

/** What would be done. `changed`: the gateway has. */
export function fastPathOutcome(wish: FastPathWish, changed: boolean): FastPathOutcome {
  const status = readFastPathStatus(wish);
  const flowtable = readFlowtable(wish.netns);
  if (wish.path === "off") return status === undefined && flowtable === undefined ? "off" : "turned-off";
  if (wish.path === "flowtable") {
    const there = devicesThere(wish.netns, wish.devices);
    if (flowtable === undefined || there.toSorted().join() !== flowtable.devices.toSorted().join()) return "turned-on";
    return changed ? "forgotten" : "kept";
  }
  if (status === undefined || !status.whole || !serves(status, wish)) return "turned-on";
  return changed ? "forgotten" : "kept";
}

/** Brings the fast path to what the gateway file asks for. Throws what `turnOnFastPath` does; the gateway stands without. */
export function settleFastPath(wish: FastPathWish, changed: boolean): FastPathOutcome {
  const outcome = fastPathOutcome(wish, changed);
  if (outcome === "turned-off") turnOffFastPath(wish);
  if (wish.path === "flowtable") {
    if (outcome === "forgotten") makeFlowtable(wish.netns, devicesThere(wish.netns, wish.devices));
    if (outcome === "turned-on") turnOnFlowtable(wish);
    return outcome;
  }
  if (outcome === "forgotten") forgetConnections(wish);
  if (outcome === "turned-on" && wish.path !== "off") turnOnFastPath({ ...wish, path: wish.path });
  return outcome;
}

function serves(status: FastPathStatus, wish: FastPathWish): boolean {
  const there = new Map(status.devices.map(({ name, path }) => [name, path]));
  return (
    there.size === new Set(wish.devices).size &&
    wish.devices.every((name) => (wish.path === "auto" ? there.has(name) : there.get(name) === wish.path))
  );
}
