import assert from "node:assert/strict";
import { test } from "node:test";
import { forward, link, planOf, pool, source, staticNat, twiceNat } from "../../test/fixtures/plan-of.ts";
import type { Gateway } from "../config/gateway.ts";
import { writeRuleset } from "./nft-text.ts";
import { renderRuleset } from "./ruleset.ts";

const EVERYTHING: Partial<Gateway> = {
  pools: [pool("public", "61.138.177.3-61.138.177.4", { reachedBy: "route" })],
  sourceNat: [
    source("campus", "10.10.1.0/30", "public", { perSubscriber: 128, untranslatedTo: "192.0.2.0/24" }),
    source("guests", "10.10.9.0/24", "masquerade", { except: "10.10.9.1" }),
  ],
  portForwards: [
    forward("portal", "61.138.177.3:8080/tcp", "10.10.0.2:80"),
    forward("games", "61.138.177.4:20000-20100/udp", "10.10.0.7"),
  ],
  staticNat: [staticNat("61.138.177.31", "10.10.0.4")],
};

test("the whole text of a table", () => {
  const text = writeRuleset(renderRuleset(planOf(EVERYTHING)));
  assert.equal(text.replace(/sha256:[0-9a-f]{16}/, "sha256:..."), WHOLE);
});

const WHOLE = `table ip meganat {
  comment "border sha256:..."

  # connections that source NAT campus translated
  counter connections_campus { }
  # connections that source NAT guests translated
  counter connections_guests { }
  # packets that belong to no connection the kernel can follow
  counter dropped_invalid { }
  # packets that would have left with an inside address
  counter dropped_untranslated { }
  # packets for a routed public address nobody asked for
  counter dropped_unsolicited { }

  # public addresses with a port forward or a static host
  set public {
    type ipv4_addr
    flags interval
    elements = { 61.138.177.3-61.138.177.4, 61.138.177.31 }
  }

  # port forwards: public address, protocol and port to inside address and port
  map forwards {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
    elements = { 61.138.177.3 . tcp . 8080 : 10.10.0.2 . 80 }
  }

  # port forwards of whole ranges; the port stays the same
  map forward_ranges {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr
    flags interval
    elements = { 61.138.177.4 . udp . 20000-20100 : 10.10.0.7 }
  }

  # static NAT: public to private
  map static_in {
    type ipv4_addr : ipv4_addr
    elements = { 61.138.177.31 : 10.10.0.4 }
  }

  # static NAT on wan: private to public
  map static_out_wan {
    type ipv4_addr : ipv4_addr
    elements = { 10.10.0.4 : 61.138.177.31 }
  }

  # hosts with a static public address on wan
  set private_wan {
    type ipv4_addr
    flags interval
    elements = { 10.10.0.4 }
  }

  # subscribers of source NAT campus
  set from_campus {
    type ipv4_addr
    flags interval
    elements = { 10.10.1.0/30 }
  }

  # destinations that campus leaves untranslated
  set untranslated_campus {
    type ipv4_addr
    flags interval
    elements = { 192.0.2.0/24 }
  }

  # port blocks of source NAT campus: subscriber to public address and ports
  map blocks_campus {
    type ipv4_addr : interval ipv4_addr . inet_service
    elements = {
      10.10.1.0 : 61.138.177.3 . 1024-1151,
      10.10.1.1 : 61.138.177.3 . 1152-1279,
      10.10.1.2 : 61.138.177.3 . 1280-1407,
      10.10.1.3 : 61.138.177.3 . 1408-1535
    }
  }

  # subscribers of source NAT guests
  set from_guests {
    type ipv4_addr
    flags interval
    elements = { 10.10.9.0, 10.10.9.2-10.10.9.255 }
  }

  # public addresses that are no address of the gateway; their route ends in lo
  set routed {
    type ipv4_addr
    flags interval
    elements = { 61.138.177.3-61.138.177.4 }
  }

  # what arrives at a public address; a port forward goes before a static host
  chain listen {
    meta l4proto { tcp, udp } dnat ip to ip daddr . meta l4proto . th dport map @forwards
    meta l4proto { tcp, udp } dnat ip to ip daddr . meta l4proto . th dport map @forward_ranges
    dnat ip to ip daddr map @static_in
  }

  # source NAT campus: to pool public, 2 addresses, 128 ports for each subscriber
  chain source_campus {
    counter name "connections_campus" comment "campus"
    meta l4proto { tcp, udp, icmp, sctp, dccp, udplite, esp, ah, comp, 4, 41, 47, 115 } snat ip to ip saddr map @blocks_campus
  }

  # source NAT guests: to the address wan has
  chain source_guests {
    counter name "connections_guests" comment "guests"
    masquerade
  }

  # inside hosts that call a public address of this gateway (RFC 4787, REQ-9)
  chain hairpin {
    snat ip to ip saddr map @static_out_wan
    iifname != "wan" ip saddr @from_campus jump source_campus
    iifname != "wan" ip saddr @from_guests jump source_guests
    iifname "lan" oifname "lan" masquerade
  }

  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr @public jump listen
  }

  # the gateway itself reaches forwards and static hosts by their public address
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr @public jump listen
  }

  # twice NAT, static NAT, then source NAT in the order of the file
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" snat ip to ip saddr map @static_out_wan
    oifname "wan" ip saddr @from_campus ip daddr @untranslated_campus accept
    oifname "wan" ip saddr @from_campus jump source_campus
    oifname "wan" ip saddr @from_guests jump source_guests
    ct status dnat ct original ip daddr @public jump hairpin
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "wan" ct state invalid counter name "dropped_invalid" drop
    oifname "wan" ct state invalid counter name "dropped_invalid" drop
    oifname "lo" ip daddr @routed counter name "dropped_unsolicited" drop
  }

  # drops what would leave with an inside address: protocols nobody maps, connections older than their rule
  chain guard {
    type filter hook postrouting priority srcnat + 10; policy accept;
    oifname != "wan" accept
    ct status snat accept
    oifname "wan" ip saddr @private_wan fib saddr type != local counter name "dropped_untranslated" drop
    oifname "wan" ip saddr @from_campus ip daddr @untranslated_campus accept
    oifname "wan" ip saddr @from_campus fib saddr type != local counter name "dropped_untranslated" drop
    oifname "wan" ip saddr @from_guests fib saddr type != local counter name "dropped_untranslated" drop
  }
}
`;

test("a gateway that translates nothing has a table and nothing in it", () => {
  const { sets, counters, chains } = renderRuleset(planOf({}));
  assert.deepEqual({ sets, counters, chains }, { sets: [], counters: [], chains: [] });
});

test("twice NAT alone has no guard, and no look-up of public addresses", () => {
  const parts: Partial<Gateway> = {
    links: [link("lan", "192.168.1.1/24"), link("vpn", "172.16.0.1/30")],
    twiceNat: [twiceNat("branch", "lan 192.168.1.0/24 10.1.1.0/24", "vpn 192.168.1.0/24 10.2.2.0/24 172.16.0.2")],
  };
  const { chains, counters } = renderRuleset(planOf(parts));
  assert.deepEqual(
    chains.map(({ name, hook, rules }) => [name, hook?.type, hook?.hook, hook?.priority, rules.length]),
    [
      ["twice_marks", "filter", "prerouting", "mangle", 1],
      ["input", "filter", "input", "filter", 2],
      ["prerouting", "nat", "prerouting", "dstnat", 2],
      ["postrouting", "nat", "postrouting", "srcnat", 2],
    ],
  );
  assert.deepEqual(
    counters.map(({ name }) => name),
    ["dropped_overlap"],
  );
});

const HAIRPINS: readonly { what: string; parts: Partial<Gateway>; rules: readonly string[] }[] = [
  {
    what: "clients of either outside link keep their address; every inside link has its last resort",
    parts: {
      links: [
        link("wan", "61.138.177.2/24", { gateway: "61.138.177.1", interface: "bond0.7" }),
        link("wan2", "203.0.113.2/24", { gateway: "203.0.113.1" }),
        link("lan", "10.10.0.1/16"),
        link("dmz", "10.20.0.1/16"),
      ],
      sourceNat: [source("a", "0.0.0.0/0", "masquerade"), source("b", "10.10.0.0/16", "masquerade", { out: "wan2" })],
    },
    rules: [
      'iifname != { "bond0.7", "wan2" } ip saddr @from_a jump source_a',
      'iifname != { "bond0.7", "wan2" } ip saddr @from_b jump source_b',
      'iifname "lan" oifname "lan" masquerade',
      'iifname "dmz" oifname "dmz" masquerade',
    ],
  },
  {
    what: "an inside link that another rule leaves by still has subscribers",
    parts: {
      links: [
        link("wan", "61.138.177.2/24", { gateway: "61.138.177.1" }),
        link("lan", "10.10.0.1/16"),
        link("dmz", "10.20.0.1/16"),
      ],
      sourceNat: [source("a", "10.10.0.0/16", "masquerade", { out: "dmz" }), source("b", "10.20.0.0/16", "masquerade")],
    },
    rules: [
      'iifname != { "wan", "dmz" } ip saddr @from_a jump source_a',
      'iifname != "wan" ip saddr @from_b jump source_b',
      'iifname "lan" oifname "lan" masquerade',
    ],
  },
  {
    what: "a single link for all",
    parts: {
      links: [link("wan", "61.138.177.2/24", { gateway: "61.138.177.1" })],
      sourceNat: [source("a", "10.10.0.0/16", "masquerade")],
    },
    rules: ["ip saddr @from_a jump source_a"],
  },
];

for (const { what, parts, rules } of HAIRPINS) {
  test(`hairpin: ${what}`, () => {
    const { chains } = renderRuleset(
      planOf({ ...parts, portForwards: [forward("web", "61.138.177.2:80/tcp", "10.10.0.2")] }),
    );
    assert.deepEqual(chains.find(({ name }) => name === "hairpin")?.rules, rules);
  });
}

// What an edit of the file may touch: the names of the sets whose elements change.
const EDITS: readonly {
  what: string;
  edit: (parts: Partial<Gateway>) => Partial<Gateway>;
  touched: readonly string[];
}[] = [
  {
    what: "a subscriber more",
    edit: (parts) => ({
      ...parts,
      sourceNat: [
        source("campus", "10.10.1.0/30, 10.10.1.77", "public", { perSubscriber: 128, untranslatedTo: "192.0.2.0/24" }),
        ...(parts.sourceNat?.slice(1) ?? []),
      ],
    }),
    touched: ["from_campus", "blocks_campus"],
  },
  {
    what: "a forward more, on an address that has one",
    edit: (parts) => ({
      ...parts,
      portForwards: [...(parts.portForwards ?? []), forward("mail", "61.138.177.3:25/tcp", "10.10.0.9")],
    }),
    touched: ["forwards"],
  },
  {
    what: "a static host more",
    edit: (parts) => ({ ...parts, staticNat: [...(parts.staticNat ?? []), staticNat("61.138.177.40", "10.10.0.5")] }),
    touched: ["public", "static_in", "static_out_wan", "private_wan"],
  },
  {
    what: "an exception more",
    edit: (parts) => ({
      ...parts,
      sourceNat: [
        ...(parts.sourceNat?.slice(0, 1) ?? []),
        source("guests", "10.10.9.0/24", "masquerade", { except: "10.10.9.1, 10.10.9.9" }),
      ],
    }),
    touched: ["from_guests"],
  },
];

for (const { what, edit, touched } of EDITS) {
  test(`${what} changes elements, no rule`, () => {
    const before = renderRuleset(planOf(EVERYTHING));
    const after = renderRuleset(planOf(edit(EVERYTHING)));
    assert.deepEqual(after.chains, before.chains);
    assert.deepEqual(after.counters, before.counters);
    const changed = after.sets.filter((set, i) => JSON.stringify(set) !== JSON.stringify(before.sets[i]));
    assert.deepEqual(
      changed.map(({ name }) => name),
      touched,
    );
  });
}
