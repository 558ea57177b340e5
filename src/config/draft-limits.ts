import type { Limits, NewConnectionRate, SubscriberLimits } from "./limits.ts";
import type { LimitsEntry, SubscriberEntry } from "./schema/limits.ts";

/** Fills in what the section leaves out: groups take over what is said for everybody. */
export function limitsOf(entry: LimitsEntry): Limits {
  const everybody = entry["per-subscriber"] ?? {};
  return {
    perSubscriber: subscriberOf(everybody),
    groups: (entry.groups ?? []).map(({ name, members, up, down, priority, "per-subscriber": own }) => ({
      name,
      members,
      ...directed(up, down),
      perSubscriber: subscriberOf({ ...everybody, ...withoutGaps(own ?? {}) }),
      priority: priority ?? "normal",
    })),
    line: directed(entry.line?.up, entry.line?.down),
    managementPorts: [...new Set(entry.reserve?.["management-ports"])],
  };
}

function subscriberOf({ connections, "new-connections": begun, up, down }: SubscriberEntry): SubscriberLimits {
  const rate = begun === undefined ? undefined : newConnectionsOf(begun);
  const count = limited(connections);
  return {
    ...(count === undefined ? {} : { connections: count }),
    ...(rate === undefined ? {} : { newConnections: rate }),
    ...directed(limited(up), limited(down)),
  };
}

function newConnectionsOf(entry: NonNullable<SubscriberEntry["new-connections"]>): NewConnectionRate | undefined {
  if (entry === "unlimited") return undefined;
  if (typeof entry === "number") return { rate: entry, burst: entry };
  return { rate: entry.rate, burst: entry.burst ?? entry.rate };
}

function directed(up: number | undefined, down: number | undefined): { up?: number; down?: number } {
  return { ...(up === undefined ? {} : { up }), ...(down === undefined ? {} : { down }) };
}

function limited(value: number | "unlimited" | undefined): number | undefined {
  return value === "unlimited" ? undefined : value;
}

function withoutGaps<T extends object>(entry: T): Partial<T> {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)) as Partial<T>;
}
