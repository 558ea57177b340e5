import assert from "node:assert/strict";
import { test } from "node:test";
import { drop, flow, link, route, signals } from "../../../test/fixtures/signals.ts";
import type { FlowSignal } from "../signals/table.ts";
import { mode } from "./hairpin-without-source-nat.ts";

/** From a caller to 203.0.113.2:8080, which is forwarded to a server. */
function forwarded(caller: string, server: string, more: Partial<FlowSignal> = {}): FlowSignal {
  return flow({
    original: { source: caller, sourcePort: 40_000, destination: "203.0.113.2", destinationPort: 8080 },
    reply: { source: server, sourcePort: 80, destination: caller, destinationPort: 40_000 },
    state: "SYN_SENT",
    status: ["dnat"],
    timeout: 236,
    ...more,
  });
}

const table = (...unansweredForwards: FlowSignal[]) => ({ table: { unansweredForwards } });
const ROUTES = [
  route({ destination: "0.0.0.0/0", via: "203.0.113.1", interface: "wan" }),
  route({ destination: "10.64.0.0/16", interface: "lan" }),
  route({ destination: "10.70.0.0/16", interface: "lan", via: "10.64.0.2" }),
  route({ destination: "10.71.0.0/16", interface: "lan", via: "10.64.0.2" }),
];

test("a caller and a server on one side, without an answer", () => {
  const [found] = mode.examine(
    signals({ ...table(forwarded("10.64.1.20", "10.64.9.10")), drops: [drop("hook", 3, { protocol: "IPv4 ICMP" })] }),
  );
  assert.equal(found?.subject, "203.0.113.2:8080");
  assert.match(found.summary, /10\.64\.1\.20 and 10\.64\.9\.10 are both behind lan/);
  assert.deepEqual(found.explains, [{ cause: "hook", packets: 3 }]);
  assert.equal(
    found.fixes[0]?.commands?.[2],
    'nft add rule ip hairpin out iifname "lan" oifname "lan" ct status dnat masquerade',
  );
  const routed = signals({
    ...table(forwarded("10.71.1.5", "10.70.1.10", { protocol: 17, timeout: 100 })),
    network: { routes: ROUTES },
  });
  assert.equal(mode.examine(routed).length, 1);
});

test("what looks alike", () => {
  const cases = [
    {},
    // From outside: the server is down.
    table(forwarded("198.51.100.9", "10.64.9.10")),
    // Asked just now.
    table(forwarded("10.64.1.20", "10.64.9.10", { timeout: 240 })),
    // Behind another router than the server: the answer may have to come through here.
    { ...table(forwarded("10.71.1.5", "10.64.9.10")), network: { routes: ROUTES } },
    table(forwarded("10.64.1.20", "10.64.9.10", { status: ["dnat", "seen-reply"] })),
    // Containers of one bridge that is seen by connection tracking: the server is down.
    {
      ...table(forwarded("10.64.1.20", "10.64.9.10")),
      network: { links: [link({ name: "lan", kind: "bridge" }), link({ name: "wan" })] },
      settings: { "net.bridge.bridge-nf-call-iptables": "1" },
    },
  ];
  for (const changes of cases) assert.deepEqual(mode.examine(signals(changes)), [], JSON.stringify(changes));
});
