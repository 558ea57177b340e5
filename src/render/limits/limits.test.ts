import assert from "node:assert/strict";
import { test } from "node:test";
import { forward, planOf, pool, source, staticNat } from "../../../test/fixtures/plan-of.ts";
import { parseIpv4Range } from "../../address/ipv4-range.ts";
import type { Gateway } from "../../config/gateway.ts";
import type { LimitGroup, Limits } from "../../config/limits.ts";
import type { NftSet } from "../desired-state.ts";
import { limitParts, type RulesetParts } from "./limit-parts.ts";
import { reserveParts } from "./reserve.ts";
import { shapingParts, shapingSettings } from "./shaping.ts";

function plan(limits: Partial<Limits>, changes: Partial<Gateway> = {}) {
  return planOf({
    sourceNat: [source("campus", "10.10.1.0/30", "masquerade")],
    limits: { perSubscriber: {}, groups: [], line: {}, managementPorts: [], ...limits },
    ...changes,
  });
}

function group(name: string, members: string, more: Partial<LimitGroup> = {}): LimitGroup {
  const range = parseIpv4Range(members);
  assert.ok(range !== undefined);
  return { name, members: [range], perSubscriber: {}, priority: "normal", ...more };
}

/** Sets as `name: flags size elements`, chains as their name and rules. */
function lines({ sets, chains }: RulesetParts): string[] {
  const ofSet = ({ name, flags, size, elements }: NftSet): string =>
    [name, ...flags, ...(size === undefined ? [] : [size]), ...elements].join(" ");
  return [...sets.map(ofSet), ...chains.flatMap(({ name, rules }) => [`${name}:`, ...rules])];
}

test("each body has its own count, and the limits are in the sets' names", () => {
  const few = group("few", "10.10.1.3", { perSubscriber: { connections: 20 } });
  const found = limitParts(
    plan({ perSubscriber: { connections: 100, newConnections: { rate: 5, burst: 9 } }, groups: [few] }),
  );
  assert.deepEqual(lines(found), [
    "limited_group_few interval 10.10.1.3",
    "held_group_few.20 dynamic 1024",
    "limited_everybody interval 10.10.1.0-10.10.1.2",
    "begun_everybody.5.9 dynamic timeout 1024",
    "held_everybody.100 dynamic 1024",
    "refused_rate dynamic 1024",
    "refused_connections dynamic 1024",
    "refuse_rate:",
    'counter name "refused_rate"',
    "update @refused_rate { ip saddr }",
    "reject with icmp type admin-prohibited",
    "refuse_connections:",
    'counter name "refused_connections"',
    "update @refused_connections { ip saddr }",
    "reject with icmp type admin-prohibited",
    "limit_group_few:",
    "add @held_group_few.20 { ip saddr ct count over 20 } goto refuse_connections",
    "limit_everybody:",
    "update @begun_everybody.5.9 { ip saddr timeout 1m limit rate over 5/second burst 9 packets } goto refuse_rate",
    "add @held_everybody.100 { ip saddr ct count over 100 } goto refuse_connections",
    "limits:",
    "ct state != new accept",
    'iifname "wan" accept',
    "ip saddr @limited_group_few goto limit_group_few",
    "ip saddr @limited_everybody goto limit_everybody",
  ]);
  assert.deepEqual(lines(limitParts(plan({ line: { up: 1e9 } }))), []);
});

test("the reserve is not for addresses whose ports belong to others", () => {
  const rules = (changes: Partial<Gateway>, managementPorts = [22]): string[] =>
    lines(reserveParts(plan({ managementPorts }, changes).gateway));
  assert.deepEqual(rules({}, []), []);
  assert.deepEqual(rules({ portForwards: [forward("web", "61.138.177.2:80/tcp", "10.10.0.2")] }, [22, 443]), [
    "reserve_in:",
    "tcp dport { 22, 443 } fib daddr type local notrack",
    "reserve_out:",
    "tcp sport { 22, 443 } notrack",
  ]);
  const pools = [pool("whole", "61.138.177.9", { ports: "1-65535" }), pool("usual", "61.138.177.10")];
  assert.deepEqual(rules({ pools, staticNat: [staticNat("61.138.177.20", "10.10.0.4")] }), [
    "translated interval 61.138.177.9 61.138.177.20",
    "reserve_in:",
    "tcp dport 22 ip daddr != @translated fib daddr type local notrack",
    "reserve_out:",
    "tcp sport 22 ip saddr != @translated notrack",
  ]);
});

test("packets are told their class where they still have the subscriber's address", () => {
  const few = group("few", "10.10.1.2-10.10.1.3", { perSubscriber: { up: 8e6 }, down: 16e6 });
  const found = plan({ groups: [few] });
  assert.deepEqual(lines(shapingParts(found)), [
    "shaped_wan interval 10.10.1.2/31",
    "class_wan 10.10.1.2 : 4d4e:102 10.10.1.3 : 4d4e:103",
    "shaped_lan interval 10.10.1.2/31",
    "class_lan 10.10.1.2 : 4d4e:102 10.10.1.3 : 4d4e:103",
    "shape:",
    'oifname "wan" ip saddr @shaped_wan meta priority set ip saddr map @class_wan',
    'oifname "lan" ip daddr @shaped_lan meta priority set ip daddr map @class_lan',
  ]);
  const whole = shapingParts(plan({ line: { up: 1e9 } }));
  assert.deepEqual(whole.chains[0]?.rules, ['oifname "wan" meta priority set ip saddr map @class_wan']);
  // 8 Mbit/s of full packets are 1,009,333 bytes with their Ethernet headers.
  const [wan, lan] = shapingSettings(found);
  const each = { rate: 1_009_333, ceiling: 1_009_333, priority: 3, isLeaf: true };
  assert.deepEqual(wan, {
    interface: "wan",
    classes: [
      { number: 0xffff, rate: 125e9, ceiling: 125e9, priority: 0, isLeaf: false },
      { number: 0x102, parent: 0xffff, ...each },
      { number: 0x103, parent: 0xffff, ...each },
    ],
  });
  assert.deepEqual(
    lan?.classes.map(({ number, rate, ceiling, isLeaf }) => [number, rate, ceiling, isLeaf]),
    [
      [0xffff, 125e9, 125e9, false],
      [0xfffd, 2_018_666, 2_018_666, false],
      [0x102, 1_000_000, 2_018_666, true],
      [0x103, 1_000_000, 2_018_666, true],
    ],
  );
});
