import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link } from "../config/gateway.ts";
import { campus } from "../../test/fixtures/gateways.ts";
import { replicaGateway } from "./replica-gateway.ts";

const bond = { members: ["eth0", "eth1"], mode: "balance-rr", miimon: 200, upDelay: 0, downDelay: 0 } as const;
const wan: Link = { name: "wan", interface: "bond0", addresses: [], bond };
const lan: Link = { name: "lan", interface: "bond1", addresses: [], bond: { ...bond, members: ["eth2", "eth3"] } };
const office: Link = { name: "office", interface: "bond1.20", addresses: [], vlan: { on: "bond1", id: 20 } };

const without = ({ bond: _bond, vlan: _vlan, ...plain }: Link): Link => plain;

const WHY = "this kernel has no bonding";
const CASES: [what: string, links: Link[], whyNoBonds: string | undefined, expected: Link[], assumptions: string[]][] =
  [
    ["bonds stay where the kernel has them", [wan, lan], undefined, [wan, lan], []],
    ["a bond is one wire", [wan], WHY, [without(wan)], [`in the lab bond bond0 is one wire: ${WHY}`]],
    [
      "several bonds are said at once",
      [wan, lan],
      WHY,
      [without(wan), without(lan)],
      [`in the lab bonds bond0, bond1 are one wire each: ${WHY}`],
    ],
    [
      "a VLAN is a wire of its own",
      [office],
      undefined,
      [without(office)],
      ["link office is a VLAN: in the lab bond1.20 is a wire of its own"],
    ],
    ["a link without bonds needs none", [without(wan)], WHY, [without(wan)], []],
  ];

for (const [what, links, whyNoBonds, expected, assumptions] of CASES) {
  test(what, () => {
    const replica = replicaGateway(campus({ links }), whyNoBonds);
    assert.deepEqual([replica.gateway.links, replica.assumptions], [expected, assumptions]);
  });
}
