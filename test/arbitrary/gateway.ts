import fc from "fast-check";
import { parseIpv4 } from "../../src/address/ipv4.ts";
import { countAddresses, subtractRanges, type Ipv4Range } from "../../src/address/ipv4-range.ts";
import { countPorts } from "../../src/address/port-range.ts";
import type {
  Capacity,
  Gateway,
  Link,
  Pool,
  PortForward,
  PortPolicy,
  SourceNat,
  StaticNat,
  TwiceNat,
} from "../../src/config/gateway.ts";
import { TIMEOUT_NAMES } from "../../src/config/gateway.ts";
import { arbitraryLimits, limitsFor } from "./limits.ts";
import { arbitraryUplinks, uplinksFor } from "./uplinks.ts";
import { gatewayYaml, type Style } from "./gateway-yaml.ts";

/** Random gateways that are right by construction: every kind of translation, nothing overlapping, no pool too small. */
export function arbitraryGateway(): fc.Arbitrary<Gateway> {
  return arbitrarySketch.map(gatewayOf);
}

/** Random valid gateway files as YAML text, in many ways of writing. */
export function arbitraryGatewayFile(): fc.Arbitrary<string> {
  return fc.tuple(arbitraryGateway(), arbitraryStyle()).map(([gateway, style]) => gatewayYaml(gateway, style));
}

/** Random choices of the writer: flow or block, quotes, units, what is left out. */
export function arbitraryStyle(): fc.Arbitrary<Style> {
  return fc.array(fc.nat(99), { minLength: 1, maxLength: 40 });
}

const reachedBy = fc.constantFrom("address", "proxy-arp", "route");
const sizes = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 });
const anyWord = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,9}$/);
const percent = fc.nat(99);

// What the generator chooses; addresses and ports follow from it, so that shrinking keeps files valid.
const arbitrarySketch = fc.record({
  word: anyWord,
  uplinks: fc.array(
    fc.record({
      length: fc.integer({ min: 16, max: 24 }),
      hasGateway: fc.boolean(),
      keepsAddresses: percent,
      word: anyWord,
    }),
    { minLength: 1, maxLength: 2 },
  ),
  insides: fc.array(
    fc.record({
      hasAddress: fc.boolean(),
      word: anyWord,
      mtu: fc.option(fc.integer({ min: 576, max: 9000 }), { nil: undefined }),
      routes: fc.array(fc.record({ hasVia: fc.boolean(), metric: fc.option(fc.nat(9), { nil: undefined }) }), {
        maxLength: 2,
      }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  pools: fc.array(
    fc.record({
      word: anyWord,
      uplink: fc.nat(1),
      sizes,
      reachedBy,
      firstPort: fc.integer({ min: 1, max: 50000 }),
      span: percent,
    }),
    { maxLength: 3 },
  ),
  rules: fc.array(
    fc.record({
      word: anyWord,
      sizes,
      gap: fc.nat(3),
      exceptFirst: fc.boolean(),
      untranslated: fc.nat(2),
      uplink: fc.nat(1),
      target: fc.constantFrom("pool", "pool", "address", "own-address", "masquerade"),
      pool: fc.nat(2),
      reachedBy,
      block: fc.option(percent, { nil: undefined, freq: 1 }),
      selection: fc.constantFrom("preserve", "random", undefined),
    }),
    { maxLength: 4 },
  ),
  catchAll: fc.boolean(),
  forwards: fc.array(
    fc.record({
      word: anyWord,
      at: fc.nat(20),
      protocol: fc.constantFrom("tcp", "udp", "tcp+udp"),
      count: fc.constantFrom(1, 1, 2, 50),
      shift: fc.nat(3),
      mirrors: fc.boolean(),
    }),
    { maxLength: 6 },
  ),
  statics: fc.array(
    fc.record({
      word: anyWord,
      size: fc.constantFrom(1, 1, 3, 8),
      aligned: fc.boolean(),
      uplink: fc.nat(1),
      reachedBy,
    }),
    {
      maxLength: 3,
    },
  ),
  twice: fc.array(
    fc.record({
      word: anyWord,
      length: fc.integer({ min: 20, max: 32 }),
      isSame: fc.boolean(),
      hasVia: fc.boolean(),
      inside: fc.nat(1),
    }),
    { maxLength: 2 },
  ),
  capacity: fc.record({
    subscribers: fc.option(fc.integer({ min: 1, max: 10_000 }), { nil: undefined }),
    connections: fc.integer({ min: 1, max: 500 }),
    rate: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
    bandwidth: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
    profile: fc.constantFrom("rfc", "paper", "kernel"),
    timeouts: fc.dictionary(fc.constantFrom(...TIMEOUT_NAMES), fc.integer({ min: 1, max: 500_000 }), { maxKeys: 4 }),
  }),
  providers: arbitraryUplinks,
  limits: fc.option(arbitraryLimits, { nil: undefined }),
  fastPath: fc.constantFrom("auto", "xdp", "tc", "off"),
});

type Sketch = typeof arbitrarySketch extends fc.Arbitrary<infer T> ? T : never;

interface Drawn {
  readonly pool: Pool;
  readonly out: Link;
}

interface Uplink {
  readonly link: Link;
  /** Hands out addresses nobody has yet: of the link's network, or routed ones. */
  take(count: number, isRouted: boolean, aligned?: boolean): Ipv4Range;
}

function gatewayOf(sketch: Sketch): Gateway {
  const uplinks = sketch.uplinks.map(uplinkOf);
  const uplink = (index: number) => uplinks[index % uplinks.length] as Uplink;
  const insides = sketch.insides.map(({ hasAddress, word, mtu, routes }, i) => {
    const name = `${word}-in${i}`;
    const addresses = hasAddress ? [{ address: ip(`10.${10 * (i + 1)}.0.1`), length: 16 }] : [];
    return {
      name,
      interface: i === 0 ? name.slice(0, 12) + "xlt" : `eth${i}.10`,
      addresses,
      ...(mtu === undefined ? {} : { mtu }),
      ...(routes.length === 0 ? {} : { routes: routes.map((route, k) => staticRouteOf(route, i, k)) }),
    };
  });
  const drawn = sketch.pools.map((pool, i) => ({
    pool: poolOf(pool, i, uplink(pool.uplink)),
    out: uplink(pool.uplink).link,
  }));
  const staticNat = sketch.statics.map((entry, i) => staticOf(entry, i, uplink(entry.uplink)));
  const sourceNat = rulesOf(sketch, drawn, uplink);
  const used = new Set(sourceNat.map((rule) => (rule.to.kind === "pool" ? rule.to.pool : "")));
  const withGateway = uplinks.filter((up) => up.link.gateway !== undefined);
  // A pool no rule uses belongs to the only link with a gateway.
  const isPlaced = ({ pool, out }: Drawn) =>
    used.has(pool.name) || (withGateway.length === 1 && out.gateway !== undefined);
  const pools = drawn.filter(isPlaced).map(({ pool }) => pool);
  const links: Link[] = [...uplinks.map((up) => up.link), ...insides];
  if (sketch.twice.length > 0) {
    links.push({ name: "vpn", interface: "wg0", addresses: [{ address: ip("172.16.0.1"), length: 24 }] });
  }
  const providers = uplinksFor(sketch.providers, links);
  return {
    name: sketch.word,
    links,
    pools,
    sourceNat,
    portForwards: forwardsOf(sketch, uplinks, pools, staticNat),
    staticNat,
    twiceNat: sketch.twice.map((entry, i) => twiceOf(entry, i, insides)),
    capacity: capacityOf(sketch),
    ...(providers === undefined ? {} : { uplinks: providers }),
    ...(sketch.limits === undefined ? {} : { limits: limitsFor(sketch.limits) }),
    fastPath: sketch.fastPath,
  };
}

function staticRouteOf({ hasVia, metric }: Sketch["insides"][number]["routes"][number], i: number, k: number) {
  return {
    to: { address: ip(`10.${60 + i}.${k}.0`), length: 24 },
    ...(hasVia ? { via: ip(`10.${10 * (i + 1)}.0.254`) - k } : {}),
    ...(metric === undefined ? {} : { metric }),
  };
}

function uplinkOf(sketch: Sketch["uplinks"][number], i: number): Uplink {
  const base = ip(`61.${100 + i}.0.0`);
  const keepsAddresses = sketch.keepsAddresses < 15;
  const addresses = keepsAddresses ? [] : [{ address: base + 2, length: sketch.length }];
  const gateway = sketch.hasGateway ? { gateway: base + 1 } : {};
  const name = i === 0 ? sketch.word : `${sketch.word}-up${i}`;
  const next = { link: base + 3, routed: ip(`185.${i}.0.0`) };
  return {
    link: { name, interface: i === 0 ? name : `bond${i}`, addresses, ...gateway },
    take(count, isRouted, aligned = false) {
      const from = isRouted || keepsAddresses ? "routed" : "link";
      const first = aligned ? Math.ceil(next[from] / count) * count : next[from];
      next[from] = first + count;
      return { first, last: first + count - 1 };
    },
  };
}

function poolOf(sketch: Sketch["pools"][number], i: number, up: Uplink): Pool {
  const addresses = sketch.sizes.map((size, k) => up.take(size, sketch.reachedBy === "route", k % 2 === 1));
  const first = sketch.span < 30 ? 1024 : sketch.firstPort;
  const last = sketch.span < 30 ? 65535 : Math.min(65535, first + 2000 + sketch.span * 600);
  const name = `${sketch.word}-pool${i}`;
  // Out of order and in more than one piece is allowed, and its order counts.
  return {
    name,
    addresses: i === 1 ? addresses.toReversed() : addresses,
    ports: { first, last },
    reachedBy: sketch.reachedBy,
  };
}

function rulesOf(sketch: Sketch, drawn: readonly Drawn[], uplink: (index: number) => Uplink): SourceNat[] {
  const users = new Map<string, SourceNat>();
  let next = ip("10.10.1.0");
  const rules = sketch.rules.map((entry, i): SourceNat => {
    const from = entry.sizes.map((size) => {
      const first = next;
      next += size + entry.gap + 1;
      return { first, last: first + size - 1 };
    });
    const first = from[0]?.first ?? next;
    const except = entry.exceptFirst && countAddresses(from) > 1 ? [{ first, last: first }] : [];
    const untranslatedTo = [prefix("172.20.0.0", 14), { first: ip("10.99.0.1"), last: ip("10.99.0.9") }].slice(
      0,
      entry.untranslated,
    );
    const up = uplink(entry.uplink);
    const common = { name: `${entry.word}-rule${i}`, from, except, untranslatedTo, out: up.link.name };
    const subscribers = countAddresses(subtractRanges(from, except));
    const choice = drawn[entry.pool % Math.max(1, drawn.length)];
    if (entry.target === "pool" && choice !== undefined) {
      const { pool } = choice;
      const out = choice.out.name;
      const block = blockOf(entry.block, pool, subscribers, sketch.forwards.length);
      const ports = { ...selectionOf(entry), ...(block === undefined ? {} : { perSubscriber: block }) };
      const user = users.get(pool.name);
      if (user === undefined || (block === undefined && user.ports.perSubscriber === undefined)) {
        const rule = { ...common, out, to: { kind: "pool", pool: pool.name }, ports } as const;
        users.set(pool.name, user ?? rule);
        return rule;
      }
    }
    return { ...common, to: singleTarget(entry, up), ports: selectionOf(entry) };
  });
  if (sketch.catchAll) {
    const out = uplink(0).link.name;
    const from = [prefix("10.10.0.0", 17)];
    const to = { kind: "masquerade" } as const;
    rules.push({ name: "catch-all", from, except: [], untranslatedTo: [], out, to, ports: { selection: "preserve" } });
  }
  return rules;
}

function selectionOf({ selection }: Sketch["rules"][number]): PortPolicy {
  return selection === undefined ? {} : { selection };
}

function singleTarget(entry: Sketch["rules"][number], up: Uplink): SourceNat["to"] {
  const own = up.link.addresses[0];
  if (entry.target === "own-address" && own !== undefined) {
    return { kind: "address", address: own.address, reachedBy: "address" };
  }
  if (entry.target !== "address") return { kind: "masquerade" };
  return { kind: "address", address: up.take(1, entry.reachedBy === "route").first, reachedBy: entry.reachedBy };
}

// Spare blocks for every forward, each of which can reach into a few blocks.
function blockOf(choice: number | undefined, pool: Pool, subscribers: number, forwards: number): number | undefined {
  if (choice === undefined) return undefined;
  const needed = Math.ceil((subscribers + forwards * 52) / countAddresses(pool.addresses));
  const largest = Math.floor(countPorts(pool.ports) / needed);
  return largest < 1 ? undefined : Math.max(1, Math.floor((largest * (choice + 1)) / 100));
}

function staticOf(sketch: Sketch["statics"][number], i: number, up: Uplink): StaticNat {
  const outside = up.take(sketch.size, sketch.reachedBy === "route", sketch.aligned);
  const first = ip(`10.10.${200 + i}.0`) + (sketch.aligned ? 0 : 5);
  const inside = { first, last: first + sketch.size - 1 };
  return {
    name: `${sketch.word}-static${i}`,
    public: outside,
    private: inside,
    out: up.link.name,
    reachedBy: sketch.reachedBy,
  };
}

function forwardsOf(
  sketch: Sketch,
  uplinks: readonly Uplink[],
  pools: readonly Pool[],
  statics: readonly StaticNat[],
): PortForward[] {
  const addresses = [
    ...uplinks.flatMap((up) => up.link.addresses.map((own) => own.address)),
    ...pools.flatMap((pool) => pool.addresses.map((range) => range.first)),
    ...statics.map((entry) => entry.public.last),
  ];
  const forwards: PortForward[] = [];
  for (const [i, entry] of sketch.forwards.entries()) {
    const address = addresses[entry.at % Math.max(1, addresses.length)];
    if (address === undefined) continue;
    const to = ip("10.10.0.10") + i;
    const name = `${entry.word}-forward${i}`;
    const before = forwards.at(-1);
    if (entry.mirrors && before?.protocol === "tcp") {
      forwards.push({ name, protocol: "udp", listen: before.listen, to: { ...before.to, address: to } });
      continue;
    }
    const first = 900 + 150 * i;
    const ports = { first, last: first + entry.count - 1 };
    const toPorts = { first: ports.first + entry.shift, last: ports.last + entry.shift };
    forwards.push({ name, protocol: entry.protocol, listen: { address, ports }, to: { address: to, ports: toPorts } });
  }
  return forwards;
}

function twiceOf(sketch: Sketch["twice"][number], i: number, insides: readonly Link[]): TwiceNat {
  const at = (text: string) => ({ address: ip(text), length: sketch.length });
  const hosts = at(`192.168.${i * 16}.0`);
  const via = sketch.hasVia ? { via: ip(`172.16.0.${2 + i}`) } : {};
  const inside = (insides[sketch.inside % insides.length] as Link).name;
  const outsideHosts = sketch.isSame ? hosts : at(`192.168.${128 + i * 16}.0`);
  return {
    name: `${sketch.word}-twice${i}`,
    inside: { link: inside, hosts, seenAs: at(`10.201.${i * 16}.0`) },
    outside: { link: "vpn", hosts: outsideHosts, seenAs: at(`10.202.${i * 16}.0`), ...via },
  };
}

function capacityOf({ capacity }: Sketch): Capacity {
  const { subscribers, rate, bandwidth } = capacity;
  return {
    connectionsPerSubscriber: capacity.connections,
    timeouts: { profile: capacity.profile, seconds: { ...capacity.timeouts } },
    ...(subscribers === undefined ? {} : { subscribers }),
    ...(rate === undefined ? {} : { newConnectionsPerSecond: rate }),
    ...(bandwidth === undefined ? {} : { bandwidth: bandwidth * 1e8 }),
  };
}

function ip(text: string): number {
  return parseIpv4(text) as number;
}

function prefix(text: string, length: number): Ipv4Range {
  return { first: ip(text), last: ip(text) + 2 ** (32 - length) - 1 };
}
