import { formatIpv4 } from "../../src/address/ipv4.ts";
import { formatIpv4Prefix } from "../../src/address/ipv4-prefix.ts";
import { formatIpv4Range, type Ipv4Range } from "../../src/address/ipv4-range.ts";
import { formatPortRange } from "../../src/address/port-range.ts";
import type { Gateway, SourceNat, TwiceNatSide } from "../../src/config/gateway.ts";
import type { DirectedRate, Limits, SubscriberLimits } from "../../src/config/limits.ts";
import type { Uplink } from "../../src/config/uplink.ts";
import { formatDuration } from "../../src/config/values/duration.ts";

/** Numbers that decide, one after the other and over again, how things are written. */
export type Style = readonly number[];

type Yaml = string | null | Yaml[] | { [key: string]: Yaml | undefined };

/** A gateway as its file; whatever the style, the file means the same. */
export function gatewayYaml(gateway: Gateway, style: Style = [0]): string {
  const writer = new Writer(style);
  return writer.write(fileOf(gateway, writer));
}

class Writer {
  readonly #style: Style;
  #next = 0;

  constructor(style: Style) {
    this.#style = style;
  }

  /** True in about `percent` of a hundred cases. */
  maybe(percent: number): boolean {
    return (this.#style[this.#next++ % this.#style.length] ?? 0) >= 100 - percent;
  }

  write(file: { [key: string]: Yaml | undefined }): string {
    const lines = this.maybe(20) ? ["---"] : [];
    for (const [key, value] of Object.entries(file)) {
      if (value === undefined) continue;
      if (this.maybe(30)) lines.push(`# about ${key}: "quotes", [brackets] and - dashes`, "");
      lines.push(...this.#entry(`${this.#scalar(key)}:`, value, ""));
    }
    const end = this.maybe(20) ? "\r\n" : "\n";
    return (this.maybe(10) ? "\ufeff" : "") + lines.join(end) + end;
  }

  #entry(head: string, value: Yaml, indent: string): string[] {
    if (value === null) return [indent + head];
    if (typeof value === "string" || this.maybe(40) || isEmpty(value)) return [`${indent}${head} ${this.#flow(value)}`];
    if (Array.isArray(value)) {
      const inner = this.maybe(50) ? indent : `${indent}  `;
      return [indent + head, ...value.flatMap((item) => this.#item(item, inner))];
    }
    return [indent + head, ...this.#map(value, `${indent}  `)];
  }

  #map(value: { [key: string]: Yaml | undefined }, indent: string): string[] {
    return Object.entries(value).flatMap(([key, inner]) =>
      inner === undefined ? [] : this.#entry(`${this.#scalar(key)}:`, inner, indent),
    );
  }

  #item(value: Yaml, indent: string): string[] {
    if (typeof value !== "object" || value === null || Array.isArray(value) || this.maybe(40)) {
      return [`${indent}- ${this.#flow(value)}`];
    }
    const [first = "", ...rest] = this.#map(value, `${indent}  `);
    return [`${indent}- ${first.trimStart()}`, ...rest];
  }

  #flow(value: Yaml): string {
    if (value === null) return "~";
    if (typeof value === "string") return this.#scalar(value);
    if (Array.isArray(value)) return `[${value.map((item) => this.#flow(item)).join(", ")}]`;
    const entries = Object.entries(value).flatMap(([key, inner]) =>
      inner === undefined ? [] : [`${this.#scalar(key)}: ${this.#flow(inner)}`],
    );
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }

  #scalar(text: string): string {
    if (!this.maybe(15)) return text;
    return this.maybe(50) ? `'${text}'` : `"${text}"`;
  }
}

function fileOf(gateway: Gateway, writer: Writer): { [key: string]: Yaml | undefined } {
  const withGateway = gateway.links.filter((link) => link.gateway !== undefined);
  const only = withGateway.length === 1 ? withGateway[0]?.name : undefined;
  const out = (name: string) => (name === only && writer.maybe(50) ? undefined : name);
  const reachedBy = (value: string) => (value === "address" && writer.maybe(50) ? undefined : value);
  const section = (value: Yaml[] | { [key: string]: Yaml }) => {
    if (!isEmpty(value)) return value;
    return writer.maybe(70) ? undefined : writer.maybe(50) ? null : value;
  };
  return {
    version: "1",
    name: gateway.name,
    links: mapOf(gateway.links, (link) => ({
      interface: link.interface === link.name && writer.maybe(50) ? undefined : link.interface,
      addresses: link.addresses.length === 0 ? undefined : some(link.addresses.map(formatIpv4Prefix), writer),
      gateway: link.gateway === undefined ? undefined : formatIpv4(link.gateway),
      mtu: link.mtu === undefined ? undefined : String(link.mtu),
      routes: link.routes?.map(({ to, via, metric }) => ({
        to: formatIpv4Prefix(to),
        via: via === undefined ? undefined : formatIpv4(via),
        metric: metric === undefined ? undefined : String(metric),
      })),
    })),
    pools: section(
      mapOf(gateway.pools, (pool) => ({
        addresses: ranges(pool.addresses, writer),
        ports:
          formatPortRange(pool.ports) === "1024-65535" && writer.maybe(50) ? undefined : formatPortRange(pool.ports),
        "reached-by": reachedBy(pool.reachedBy),
      })),
    ),
    "source-nat": section(
      gateway.sourceNat.map((rule) => ({
        name: rule.name,
        from: ranges(rule.from, writer),
        out: out(rule.out),
        to:
          rule.to.kind === "pool"
            ? rule.to.pool
            : rule.to.kind === "masquerade"
              ? "masquerade"
              : formatIpv4(rule.to.address),
        "reached-by": rule.to.kind === "address" ? reachedBy(rule.to.reachedBy) : undefined,
        ports: policy(rule, writer),
        except: rule.except.length === 0 ? undefined : ranges(rule.except, writer),
        "untranslated-to": rule.untranslatedTo.length === 0 ? undefined : ranges(rule.untranslatedTo, writer),
      })),
    ),
    "port-forwards": section(
      gateway.portForwards.map(({ name, protocol, listen, to }) => ({
        name,
        listen: `${formatIpv4(listen.address)}:${formatPortRange(listen.ports)}/${protocol}`,
        to: formatIpv4(to.address) + toPorts(listen.ports.first === to.ports.first, formatPortRange(to.ports), writer),
      })),
    ),
    "static-nat": section(
      gateway.staticNat.map((entry) => ({
        name: entry.name,
        public: formatIpv4Range(entry.public),
        private: formatIpv4Range(entry.private),
        out: out(entry.out),
        "reached-by": reachedBy(entry.reachedBy),
      })),
    ),
    "twice-nat": section(
      gateway.twiceNat.map(({ name, inside, outside }) => ({
        name,
        inside: side(inside),
        outside: { ...side(outside), via: outside.via === undefined ? undefined : formatIpv4(outside.via) },
      })),
    ),
    uplinks: section((gateway.uplinks ?? []).map((uplink) => uplinkEntry(uplink, writer))),
    capacity: capacity(gateway, writer),
    limits: gateway.limits === undefined ? undefined : limits(gateway.limits, writer),
    "fast-path": gateway.fastPath === "off" && writer.maybe(50) ? undefined : gateway.fastPath,
  };
}

function capacity({ capacity: { timeouts, ...of } }: Gateway, writer: Writer): Yaml {
  const seconds = Object.entries(timeouts.seconds).map(([name, value]) => [
    name,
    writer.maybe(50) ? `${value}s` : formatDuration(value),
  ]);
  const isBare = seconds.length === 0 && writer.maybe(60);
  return {
    subscribers: of.subscribers === undefined ? undefined : count(of.subscribers, writer),
    "connections-per-subscriber": count(of.connectionsPerSubscriber, writer),
    "new-connections-per-second":
      of.newConnectionsPerSecond === undefined ? undefined : count(of.newConnectionsPerSecond, writer),
    bandwidth:
      of.bandwidth === undefined
        ? undefined
        : writer.maybe(50)
          ? `${of.bandwidth / 1e9}gbit`
          : `${of.bandwidth / 1e6}mbit`,
    timeouts: isBare
      ? timeouts.profile
      : { profile: timeouts.profile, ...(Object.fromEntries(seconds) as Record<string, Yaml>) },
  };
}

function uplinkEntry({ link, health }: Uplink, writer: Writer): Yaml {
  const time = (milliseconds: number, unless: number): string | undefined => {
    if (milliseconds === unless && writer.maybe(50)) return undefined;
    return milliseconds % 1000 === 0 ? formatDuration(milliseconds / 1000) : `${milliseconds}ms`;
  };
  const probes = health.probes.map(({ address, port }) => formatIpv4(address) + (port === undefined ? "" : `:${port}`));
  return {
    link,
    health: {
      probe: some(probes, writer),
      interval: time(health.interval, 1000),
      "down-after": time(health.downAfter, 3000),
      "up-after": time(health.upAfter, 10_000),
    },
  };
}

/** Groups take over what everybody has, so what they do not have is written. */
function limits({ perSubscriber, groups, line, managementPorts }: Limits, writer: Writer): Yaml {
  const reserve = { "management-ports": some(managementPorts.map(String), writer) };
  return {
    "per-subscriber": subscriber(perSubscriber, writer.maybe(50), writer),
    groups: groups.map((group) => ({
      name: group.name,
      members: ranges(group.members, writer),
      ...directed(group, writer),
      priority: group.priority === "normal" && writer.maybe(50) ? undefined : group.priority,
      "per-subscriber": subscriber(group.perSubscriber, true, writer),
    })),
    line: directed(line, writer),
    reserve: managementPorts.length === 0 ? undefined : reserve,
  };
}

function subscriber(of: SubscriberLimits, all: boolean, writer: Writer): Yaml {
  const { connections, newConnections: begun } = of;
  const none = all ? "unlimited" : undefined;
  const bare = begun === undefined ? "" : `${count(begun.rate, writer)}/s`;
  return {
    connections: connections === undefined ? none : count(connections, writer),
    "new-connections":
      begun === undefined
        ? none
        : begun.burst === begun.rate && writer.maybe(50)
          ? bare
          : { rate: bare, burst: count(begun.burst, writer) },
    up: of.up === undefined ? none : bits(of.up, writer),
    down: of.down === undefined ? none : bits(of.down, writer),
  };
}

function directed({ up, down }: DirectedRate, writer: Writer): { [key: string]: Yaml | undefined } {
  return {
    up: up === undefined ? undefined : bits(up, writer),
    down: down === undefined ? undefined : bits(down, writer),
  };
}

function bits(rate: number, writer: Writer): string {
  return writer.maybe(50) ? `${rate / 1e6}mbit` : `${rate}bit`;
}

function policy({ ports }: SourceNat, writer: Writer): Yaml | undefined {
  if (ports.perSubscriber === undefined && ports.selection === undefined)
    return writer.maybe(50) ? undefined : "shared";
  return {
    "per-subscriber": ports.perSubscriber === undefined ? undefined : String(ports.perSubscriber),
    selection: ports.selection,
  };
}

function toPorts(areSame: boolean, ports: string, writer: Writer): string {
  if (areSame && writer.maybe(50)) return "";
  return `:${writer.maybe(50) ? ports : (ports.split("-")[0] ?? ports)}`;
}

function side({ link, hosts, seenAs }: TwiceNatSide): { [key: string]: Yaml } {
  return { link, hosts: formatIpv4Prefix(hosts), "seen-as": formatIpv4Prefix(seenAs) };
}

function ranges(list: readonly Ipv4Range[], writer: Writer): Yaml {
  return some(
    list.map((range) => {
      if (range.first === range.last || !writer.maybe(30)) return formatIpv4Range(range);
      return `${formatIpv4(range.first)} - ${formatIpv4(range.last)}`;
    }),
    writer,
  );
}

function some(list: string[], writer: Writer): Yaml {
  return list.length === 1 && writer.maybe(60) ? (list[0] ?? null) : list;
}

function count(number: number, writer: Writer): string {
  if (number % 1000 === 0 && writer.maybe(50)) return `${number / 1000}k`;
  return writer.maybe(10) ? `${number / 1e6}M` : String(number);
}

function mapOf<T extends { readonly name: string }>(
  list: readonly T[],
  entry: (value: T) => Yaml,
): { [key: string]: Yaml } {
  return Object.fromEntries(list.map((value) => [value.name, entry(value)]));
}

function isEmpty(value: Yaml): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every((inner) => inner === undefined);
}
